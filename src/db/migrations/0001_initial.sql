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

create table playbooks (
  id text primary key,
  workspace_id text not null references workspaces (id),
  name text not null,
  version integer not null check (version >= 1),
  data jsonb not null,
  created_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, name, version)
);
-- Items pin a version: a changed playbook is a new version.
create trigger playbooks_append_only before update or delete on playbooks
  for each row execute function refuse_change();

create table channel_accounts (
  id text primary key,
  workspace_id text not null references workspaces (id),
  channel text not null,
  name text not null,
  zone text not null,
  settings jsonb not null default '{}',
  owner_id text,
  token_expires_at timestamp(3) with time zone,
  active boolean not null default true,
  created_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, id),
  foreign key (workspace_id, owner_id) references members (workspace_id, id)
);

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
create trigger item_events_append_only before update or delete on item_events
  for each row execute function refuse_change();
create trigger item_events_no_truncate before truncate on item_events
  for each statement execute function refuse_change();

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
create trigger briefs_append_only before update or delete on briefs
  for each row execute function refuse_change();

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
create trigger drafts_append_only before update or delete on drafts
  for each row execute function refuse_change();

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
create index commands_refused on commands (item_id, refused_at_seq, settled_at, id)
  where state = 'refused';
create index commands_by_item on commands (workspace_id, item_id, created_at);

create table comments (
  id text primary key,
  workspace_id text not null,
  item_id text not null,
  author_id text not null,
  visibility text not null check (visibility in ('internal', 'shared')),
  text text not null,
  command_id text unique,
  created_at timestamp(3) with time zone not null default now(),
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
create trigger readings_append_only before update or delete on readings
  for each row execute function refuse_change();
create trigger readings_no_truncate before truncate on readings
  for each statement execute function refuse_change();

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
create trigger kpi_reviews_append_only before update or delete on kpi_reviews
  for each row execute function refuse_change();

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
create trigger archived_histories_append_only before update or delete on archived_histories
  for each row execute function refuse_change();

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
create trigger repairs_append_only before update or delete on repairs
  for each row execute function refuse_change();
