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

create function project_publications() returns trigger language plpgsql as $$
declare
  records jsonb := coalesce(new.snapshot #> '{context,publications}', '[]');
  embargo timestamptz := (new.snapshot #>> '{context,brief,embargoUntil}')::timestamptz;
begin
  insert into publications as p
    (id, workspace_id, item_id, channel_account_id, channel, slot_number, state, at, local, zone,
     tz_version, published_at, permalink, evidence, released, embargo_until, changed_seq)
  select r.id, new.workspace_id, new.id, r."channelAccountId", r.channel, r."slotNumber", r.state,
         r.at, r.local, r.zone, r."tzVersion", r."publishedAt", r.permalink, r.evidence,
         coalesce(r.released, false), embargo, new.seq
  from jsonb_to_recordset(records) as r (
    id text, "channelAccountId" text, channel text, "slotNumber" integer, state text,
    at timestamptz, local text, zone text, "tzVersion" text, "publishedAt" timestamptz,
    permalink text, evidence text, released boolean)
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

insert into publications
  (id, workspace_id, item_id, channel_account_id, channel, slot_number, state, at, local, zone,
   published_at, permalink, evidence, embargo_until, changed_seq)
select r.id, i.workspace_id, i.id, r."channelAccountId", r.channel, r."slotNumber", r.state, r.at,
       r.local, r.zone, r."publishedAt", r.permalink, r.evidence,
       (i.snapshot #>> '{context,brief,embargoUntil}')::timestamptz, i.seq
from items i, jsonb_to_recordset(coalesce(i.snapshot #> '{context,publications}', '[]')) as r (
  id text, "channelAccountId" text, channel text, "slotNumber" integer, state text, at timestamptz,
  local text, zone text, "publishedAt" timestamptz, permalink text, evidence text);

-- A plan that waits for its verdict holds the slots it names: "next free slot" looks here too.
create index commands_planning on commands (workspace_id)
  where state = 'pending' and type in ('plan_schedule', 'resolve_publication');

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
