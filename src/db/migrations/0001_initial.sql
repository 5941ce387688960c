-- Every row carries its workspace. Where a table points at another, the foreign key includes the
-- workspace, so a row can never refer to something of another tenant.
-- Instants have millisecond precision: what is read back is exactly what a JavaScript Date can hold,
-- so cursors and hashes over instants survive the round trip.

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % is refused', tg_table_name, tg_op
    using errcode = 'restrict_violation';
end;
$$;

create table workspaces (
  id text primary key,
  name text not null unique,
  calendar jsonb not null,
  created_at timestamp(3) with time zone not null default now()
);

create table members (
  id text primary key,
  workspace_id text not null references workspaces (id),
  name text not null,
  roles text[] not null default '{}',
  skill_tags text[] not null default '{}',
  platform_tags jsonb not null default '{}',
  profile_tags text[] not null default '{}',
  backup_id text,
  active boolean not null default true,
  absent_from timestamp(3) with time zone,
  absent_until timestamp(3) with time zone,
  created_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, id),
  foreign key (workspace_id, backup_id) references members (workspace_id, id)
);

create table api_keys (
  id text primary key,
  workspace_id text not null references workspaces (id),
  member_id text not null,
  name text not null,
  secret_hash bytea not null,
  expires_at timestamp(3) with time zone,
  revoked_at timestamp(3) with time zone,
  last_used_at timestamp(3) with time zone,
  created_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, id),
  foreign key (workspace_id, member_id) references members (workspace_id, id)
);
create index api_keys_by_member on api_keys (workspace_id, member_id);

-- Items pin a version: a changed playbook is a new version.
create table playbooks (
  id text primary key,
  workspace_id text not null references workspaces (id),
  name text not null,
  version integer not null check (version >= 1),
  data jsonb not null,
  created_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, name, version)
);

create table channel_accounts (
  id text primary key,
  workspace_id text not null references workspaces (id),
  channel text not null,
  name text not null,
  zone text not null,
  settings jsonb not null default '{}',
  -- Sealed with BATON_SECRET_KEY (AES-256-GCM); the key's id is part of the sealed form.
  credentials text,
  owner_id text,
  token_expires_at timestamp(3) with time zone,
  active boolean not null default true,
  created_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, id),
  foreign key (workspace_id, owner_id) references members (workspace_id, id)
);

-- Weekly slots and posting rules of a channel account. Wall times are read in the account's zone.
create table channel_schedules (
  channel_account_id text primary key,
  workspace_id text not null,
  slots jsonb not null,
  rules jsonb not null,
  updated_by text not null,
  updated_at timestamp(3) with time zone not null default now(),
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id),
  foreign key (workspace_id, updated_by) references members (workspace_id, id)
);

-- What a channel account may still write, shared by every worker.
create table channel_budgets (
  workspace_id text not null,
  channel_account_id text not null,
  tokens double precision not null check (tokens >= 0),
  refilled_at timestamp(3) with time zone not null,
  -- The channel asked for silence until then: no request of any kind.
  banned_until timestamp(3) with time zone,
  primary key (workspace_id, channel_account_id),
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id)
);

-- Sessions that adapters hold with their networks, shared by all workers. Sealed like credentials; a session
-- that is lost is opened again, so nothing but speed depends on these rows.
create table channel_sessions (
  channel_account_id text primary key,
  workspace_id text not null references workspaces (id),
  sealed text not null,
  updated_at timestamp(3) with time zone not null default now(),
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id)
);

-- That a network refused the credentials of an account. A row goes when the credentials are replaced, or when
-- the network takes them after all.
create table credential_refusals (
  channel_account_id text primary key,
  workspace_id text not null references workspaces (id),
  -- The first refusal: later ones do not move it.
  refused_at timestamp(3) with time zone not null default now(),
  why text not null,
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id)
);
create index credential_refusals_by_workspace on credential_refusals (workspace_id);

create table campaigns (
  id text primary key,
  workspace_id text not null references workspaces (id),
  name text not null,
  goal text not null,
  starts_at timestamp(3) with time zone,
  ends_at timestamp(3) with time zone,
  kpi_targets jsonb not null default '[]',
  released_at timestamp(3) with time zone,
  created_by text not null,
  created_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, id),
  foreign key (workspace_id, created_by) references members (workspace_id, id)
);

-- The row of an item is what its run last reported. Only projectEvents moves it.
create table items (
  id text primary key,
  workspace_id text not null references workspaces (id),
  title text not null,
  campaign_id text,
  playbook_name text not null,
  playbook_version integer not null,
  stage text not null,
  substage text,
  owner_role text,
  assignee_id text,
  waiting_on jsonb not null default '[]',
  seq integer not null default 0 check (seq >= 0),
  head_hash text not null,
  snapshot jsonb not null,
  stage_entered_at timestamp(3) with time zone not null,
  due_at timestamp(3) with time zone,
  -- What may go wrong with the item and from when on, as the domain computed it with the row.
  alarms jsonb not null default '[]',
  next_alarm_at timestamp(3) with time zone,
  clock_offset_ms bigint not null default 0,
  created_by text not null,
  created_at timestamp(3) with time zone not null default now(),
  updated_at timestamp(3) with time zone not null default now(),
  closed_at timestamp(3) with time zone,
  unique (workspace_id, id),
  foreign key (workspace_id, campaign_id) references campaigns (workspace_id, id),
  foreign key (workspace_id, playbook_name, playbook_version)
    references playbooks (workspace_id, name, version),
  foreign key (workspace_id, assignee_id) references members (workspace_id, id),
  foreign key (workspace_id, created_by) references members (workspace_id, id)
);
create index items_by_created on items (workspace_id, created_at desc, id desc);
create index items_by_updated on items (workspace_id, updated_at desc, id desc);
create index items_by_due on items (workspace_id, due_at) where closed_at is null;
create index items_by_campaign on items (workspace_id, campaign_id) where campaign_id is not null;
create index items_by_waiting on items using gin (waiting_on jsonb_path_ops)
  where closed_at is null;

-- The audit chain as the run computed it. command_id has no foreign key: the chain must be
-- recordable even when a restored backup lost the command.
create table item_events (
  item_id text not null,
  seq integer not null check (seq >= 1),
  workspace_id text not null,
  at timestamp(3) with time zone not null,
  type text not null,
  actor text not null,
  data jsonb not null,
  prev_hash text not null,
  hash text not null,
  command_id text,
  recorded_at timestamp(3) with time zone not null default now(),
  primary key (item_id, seq),
  foreign key (workspace_id, item_id) references items (workspace_id, id)
);
create index item_events_by_command on item_events (workspace_id, command_id)
  where command_id is not null;

create table briefs (
  item_id text not null,
  version integer not null check (version >= 1),
  workspace_id text not null,
  hash text not null,
  body jsonb not null,
  author_id text not null,
  created_at timestamp(3) with time zone not null default now(),
  primary key (item_id, version),
  unique (item_id, hash),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  foreign key (workspace_id, author_id) references members (workspace_id, id)
);

create table drafts (
  item_id text not null,
  version integer not null check (version >= 1),
  workspace_id text not null,
  hash text not null,
  body jsonb not null,
  author_id text not null,
  created_at timestamp(3) with time zone not null default now(),
  primary key (item_id, version),
  unique (item_id, hash),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  foreign key (workspace_id, author_id) references members (workspace_id, id)
);

-- item_id has no foreign key: the command that starts an item may be refused, and then has none.
create table commands (
  id text primary key,
  workspace_id text not null references workspaces (id),
  item_id text not null,
  actor_id text not null,
  source text not null check (source in ('http', 'webhook', 'cli')),
  type text not null,
  payload jsonb not null,
  body_hash text not null,
  attempt integer not null default 0,
  lease_until timestamp(3) with time zone,
  state text not null default 'pending' check (state in ('pending', 'applied', 'refused')),
  answer jsonb,
  unmet jsonb,
  applied_seq integer,
  refused_at_seq integer,
  created_at timestamp(3) with time zone not null default now(),
  settled_at timestamp(3) with time zone,
  last_error text,
  error_count integer not null default 0,
  retry_at timestamp(3) with time zone,
  foreign key (workspace_id, actor_id) references members (workspace_id, id),
  check ((state = 'pending') = (settled_at is null)),
  check (state <> 'applied' or (answer is not null and applied_seq is not null)),
  check (state <> 'refused' or (unmet is not null and refused_at_seq is not null))
);
create index commands_unsettled on commands (created_at, id) where state = 'pending';
-- A plan that waits for its verdict holds the slots it names: "next free slot" looks here too.
create index commands_planning on commands (workspace_id)
  where state = 'pending' and type in ('plan_schedule', 'resolve_publication');
create index commands_refused on commands (item_id, refused_at_seq, settled_at, id)
  where state = 'refused';
create index commands_by_item on commands (workspace_id, item_id, created_at);

create table comments (
  id text primary key,
  workspace_id text not null,
  item_id text not null,
  author_id text not null,
  visibility text not null check (visibility in ('internal', 'shared')),
  -- What a sign-off teaches is a text of its own, beside the comment of the same command.
  kind text not null default 'comment' check (kind in ('comment', 'learnings')),
  text text not null,
  command_id text,
  created_at timestamp(3) with time zone not null default now(),
  constraint comments_once_per_command unique (command_id, kind),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  foreign key (workspace_id, author_id) references members (workspace_id, id)
);
create index comments_by_item on comments (workspace_id, item_id, created_at, id);

create table assets (
  workspace_id text not null references workspaces (id),
  hash text not null,
  kind text not null,
  media_type text not null,
  size bigint not null check (size >= 0),
  created_by text not null,
  created_at timestamp(3) with time zone not null default now(),
  primary key (workspace_id, hash),
  foreign key (workspace_id, created_by) references members (workspace_id, id)
);

-- One row per post that may ever go out: the unique key is what makes a second one impossible.
create table publish_intents (
  id text primary key,
  workspace_id text not null,
  item_id text not null,
  publication_id text not null,
  channel_account_id text not null,
  slot_number integer not null check (slot_number >= 1),
  intent_key text not null unique,
  marker text not null,
  content_hash text not null,
  state text not null default 'planned'
    check (state in ('planned', 'sending', 'published', 'rejected', 'unknown', 'not_live', 'withdrawn')),
  attempt integer not null default 0,
  lease_token text,
  lease_until timestamp(3) with time zone,
  remote_id text,
  permalink text,
  -- Each text of a post in order: a single post is one, a thread several. Written only by the holder of
  -- the lease, by a look-up and by a person's word, together with the intent's own state.
  segments jsonb not null default '[]' check (jsonb_typeof(segments) = 'array'),
  -- What was done about the post and what came of it, oldest first.
  log jsonb not null default '[]' check (jsonb_typeof(log) = 'array'),
  -- What a person said of an unknown outcome.
  resolution text check (resolution in ('live', 'not_live', 'publish_again', 'skip')),
  evidence jsonb,
  due_at timestamp(3) with time zone not null,
  created_at timestamp(3) with time zone not null default now(),
  settled_at timestamp(3) with time zone,
  unique (workspace_id, item_id, channel_account_id, slot_number),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id),
  check (state <> 'sending' or (lease_token is not null and lease_until is not null))
);
create index publish_intents_by_publication on publish_intents (workspace_id, publication_id);
create index publish_intents_open on publish_intents (workspace_id, due_at)
  where state in ('planned', 'sending', 'unknown');

-- One row per publication record of an item's snapshot. It is written by the trigger below and by
-- nothing else, in the statement that moves the item's row: it is never ahead of it and never behind.
-- No foreign key to the account: the row must follow the snapshot whatever a restored backup lost.
create table publications (
  id text primary key,
  workspace_id text not null,
  item_id text not null,
  channel_account_id text not null,
  channel text not null,
  slot_number integer not null,
  state text not null,
  at timestamp(3) with time zone not null,
  local text not null,
  zone text not null,
  tz_version text,
  published_at timestamp(3) with time zone,
  permalink text,
  evidence text,
  released boolean not null default false,
  -- Of the brief: until then the calendar feed masks the title.
  embargo_until timestamp(3) with time zone,
  -- Seq of the item at the last change of this row.
  changed_seq integer not null,
  changed_at timestamp(3) with time zone not null default now(),
  foreign key (workspace_id, item_id) references items (workspace_id, id)
);
create index publications_by_time on publications (workspace_id, at, id);
create index publications_by_account on publications (channel_account_id, at);
create index publications_by_item on publications (item_id);
-- What the audit counts per account: posts that are still to go out.
create index publications_to_send on publications (channel_account_id, at)
  where state in ('tentative', 'planned', 'due', 'sending') and not released;

-- An instant as the domain writes it, or null: whatever else a snapshot holds in its place must not
-- stop the statement that moves the item's row. The years are those that JavaScript reads back.
create function instant_or_null(value text) returns timestamptz language sql stable as $$
  select case
    when value ~ '^[12]\d{3}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$'
      and pg_input_is_valid(value, 'timestamptz') then value::timestamptz
  end
$$;

-- Times are read instead of cast. A record without a readable time is left as it was: a calendar has no
-- place for it. An embargo that cannot be read masks the title for good, because what it protects is not
-- ours to show.
create function project_publications() returns trigger language plpgsql as $$
declare
  records jsonb := coalesce(new.snapshot #> '{context,publications}', '[]');
  stated text := new.snapshot #>> '{context,brief,embargoUntil}';
  embargo timestamptz := case
    when stated is not null then coalesce(instant_or_null(stated), '2999-12-31T23:59:59Z')
  end;
begin
  insert into publications as p
    (id, workspace_id, item_id, channel_account_id, channel, slot_number, state, at, local, zone,
     tz_version, published_at, permalink, evidence, released, embargo_until, changed_seq)
  select r.id, new.workspace_id, new.id, r."channelAccountId", r.channel, r."slotNumber", r.state,
         instant_or_null(r.at), r.local, r.zone, r."tzVersion", instant_or_null(r."publishedAt"),
         r.permalink, r.evidence, coalesce(r.released, false), embargo, new.seq
  from jsonb_to_recordset(records) as r (
    id text, "channelAccountId" text, channel text, "slotNumber" integer, state text,
    at text, local text, zone text, "tzVersion" text, "publishedAt" text,
    permalink text, evidence text, released boolean)
  where instant_or_null(r.at) is not null
  on conflict (id) do update set
    state = excluded.state, at = excluded.at, local = excluded.local, zone = excluded.zone,
    tz_version = excluded.tz_version, published_at = excluded.published_at,
    permalink = excluded.permalink, evidence = excluded.evidence, released = excluded.released,
    embargo_until = excluded.embargo_until, changed_seq = excluded.changed_seq,
    changed_at = now()
  where p.item_id = excluded.item_id
    and (p.state, p.at, p.local, p.zone, p.tz_version, p.published_at, p.permalink, p.evidence,
         p.released, p.embargo_until)
        is distinct from
        (excluded.state, excluded.at, excluded.local, excluded.zone, excluded.tz_version,
         excluded.published_at, excluded.permalink, excluded.evidence, excluded.released,
         excluded.embargo_until);
  return null;
end;
$$;
create trigger items_publications after update of snapshot on items for each row
  when (old.snapshot #> '{context,publications}' is distinct from new.snapshot #> '{context,publications}'
     or old.snapshot #> '{context,brief,embargoUntil}' is distinct from new.snapshot #> '{context,brief,embargoUntil}')
  execute function project_publications();
create trigger items_publications_from_start after insert on items for each row
  when (new.snapshot #> '{context,publications,0}' is not null)
  execute function project_publications();

create table blackouts (
  id text primary key,
  workspace_id text not null references workspaces (id),
  -- Both null: the whole workspace.
  channel text,
  channel_account_id text,
  starts_at timestamp(3) with time zone not null,
  ends_at timestamp(3) with time zone not null,
  reason text not null,
  created_by text not null,
  created_at timestamp(3) with time zone not null default now(),
  removed_by text,
  removed_at timestamp(3) with time zone,
  check (starts_at < ends_at),
  check (channel is null or channel_account_id is null),
  check ((removed_at is null) = (removed_by is null)),
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id),
  foreign key (workspace_id, created_by) references members (workspace_id, id),
  foreign key (workspace_id, removed_by) references members (workspace_id, id)
);
create index blackouts_standing on blackouts (workspace_id, starts_at, id) where removed_at is null;

-- Who stopped every send of a workspace, who let them go on, and why.
create table freezes (
  id text primary key,
  workspace_id text not null references workspaces (id),
  reason text not null,
  frozen_by text not null,
  frozen_at timestamp(3) with time zone not null default now(),
  lift_reason text,
  lifted_by text,
  lifted_at timestamp(3) with time zone,
  check ((lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lift_reason is null)),
  foreign key (workspace_id, frozen_by) references members (workspace_id, id),
  foreign key (workspace_id, lifted_by) references members (workspace_id, id)
);
create unique index freezes_standing on freezes (workspace_id) where lifted_at is null;
create index freezes_by_time on freezes (workspace_id, frozen_at desc, id desc);

-- The address of a feed is its credential: only the hash of its secret is stored.
create table calendar_feeds (
  id text primary key,
  workspace_id text not null references workspaces (id),
  member_id text not null,
  secret_hash bytea not null unique,
  channel_account_id text,
  campaign_id text,
  created_at timestamp(3) with time zone not null default now(),
  revoked_at timestamp(3) with time zone,
  foreign key (workspace_id, member_id) references members (workspace_id, id),
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id),
  foreign key (workspace_id, campaign_id) references campaigns (workspace_id, id)
);
create index calendar_feeds_by_member on calendar_feeds (workspace_id, member_id, created_at, id);

create table readings (
  id text primary key,
  workspace_id text not null,
  item_id text not null,
  publication_id text,
  channel_account_id text,
  measure text not null,
  -- NaN sorts above every number in PostgreSQL, so this also refuses it.
  value double precision not null
    check (value > '-Infinity' and value < 'Infinity'),
  checkpoint text,
  as_of timestamp(3) with time zone not null,
  source text not null,
  provisional boolean not null default false,
  idempotency_key text,
  created_by text,
  created_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, idempotency_key),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id),
  foreign key (workspace_id, created_by) references members (workspace_id, id)
);
create index readings_by_item on readings (workspace_id, item_id, as_of desc, id desc);

create table kpi_reviews (
  id text primary key,
  workspace_id text not null,
  item_id text not null,
  number integer not null check (number >= 1),
  hash text not null,
  body jsonb not null,
  created_at timestamp(3) with time zone not null default now(),
  unique (item_id, number),
  foreign key (workspace_id, item_id) references items (workspace_id, id)
);

create table webhook_endpoints (
  id text primary key,
  workspace_id text not null references workspaces (id),
  kind text not null check (kind in ('standard', 'slack', 'github')),
  name text not null,
  member_id text not null,
  decisions text[] not null,
  secrets jsonb not null,
  active boolean not null default true,
  created_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, id),
  foreign key (workspace_id, member_id) references members (workspace_id, id)
);

-- Answers of POSTs that are not commands. `response` is bytes so that one that shows a secret once
-- can be stored encrypted.
create table idempotency_keys (
  workspace_id text not null,
  api_key_id text not null,
  key text not null,
  route text not null,
  body_hash text not null,
  lease_until timestamp(3) with time zone,
  status integer,
  response bytea,
  created_at timestamp(3) with time zone not null default now(),
  primary key (api_key_id, key),
  foreign key (workspace_id, api_key_id) references api_keys (workspace_id, id)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

create table outbox (
  id text primary key,
  workspace_id text not null,
  item_id text not null,
  seq integer not null,
  ordinal integer not null,
  type text not null,
  payload jsonb not null,
  created_at timestamp(3) with time zone not null default now(),
  dispatched_at timestamp(3) with time zone,
  unique (item_id, seq, ordinal),
  foreign key (workspace_id, item_id) references items (workspace_id, id)
);
create index outbox_waiting on outbox (item_id, seq, ordinal) where dispatched_at is null;

create table archived_histories (
  item_id text not null,
  run_id text not null,
  workspace_id text not null,
  history bytea not null,
  sha256 text not null,
  archived_at timestamp(3) with time zone not null default now(),
  primary key (item_id, run_id),
  foreign key (workspace_id, item_id) references items (workspace_id, id)
);
-- Already compressed.
alter table archived_histories alter column history set storage external;

create table repairs (
  id text primary key,
  workspace_id text not null references workspaces (id),
  finding_id text not null,
  finding_code text not null,
  item_id text,
  repair text not null,
  reason text not null,
  actor_id text not null,
  outcome jsonb not null,
  created_at timestamp(3) with time zone not null default now(),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  foreign key (workspace_id, actor_id) references members (workspace_id, id)
);
create index repairs_by_finding on repairs (workspace_id, finding_id, created_at);

-- How often an item or a channel account got another name: both are in the title of a calendar entry,
-- whose SEQUENCE has to go up with it. Rows of their own, so that a rename touches no publication and
-- waits for no projection.
create table renames (
  subject_id text primary key,
  workspace_id text not null references workspaces (id),
  count integer not null default 1,
  last_at timestamp(3) with time zone not null default now()
);

create function count_rename() returns trigger language plpgsql as $$
begin
  insert into renames as r (subject_id, workspace_id) values (new.id, new.workspace_id)
  on conflict (subject_id) do update set count = r.count + 1, last_at = now();
  return null;
end;
$$;
create trigger items_renamed after update of title on items for each row
  when (old.title is distinct from new.title) execute function count_rename();
create trigger channel_accounts_renamed after update of name on channel_accounts for each row
  when (old.name is distinct from new.name) execute function count_rename();

-- What is written once stays as it was.
do $$
declare
  log text;
begin
  foreach log in array array['playbooks', 'item_events', 'briefs', 'drafts', 'readings',
                             'kpi_reviews', 'archived_histories', 'repairs']
  loop
    execute format('create trigger %I before update or delete on %I
      for each row execute function refuse_change()', log || '_append_only', log);
    execute format('create trigger %I before truncate on %I
      for each statement execute function refuse_change()', log || '_no_truncate', log);
  end loop;
end;
$$;
