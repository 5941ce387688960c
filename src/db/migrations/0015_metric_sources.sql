-- A connection to a system that numbers come from: its kind, where it is, and whom it serves.
create table metric_sources (
  id text primary key,
  workspace_id text not null references workspaces (id),
  kind text not null,
  name text not null check (length(name) between 1 and 200),
  config jsonb not null default '{}' check (jsonb_typeof(config) = 'object'),
  -- IANA zone in which the source counts its days.
  zone text not null,
  -- Hosts of the pages that it knows, and accounts whose posts it is asked for; empty: all.
  sites text[] not null default '{}',
  channel_account_ids text[] not null default '{}',
  -- Sealed, as those of channel accounts are.
  credentials text,
  active boolean not null default true,
  created_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, id)
);
create index metric_sources_by_kind on metric_sources (workspace_id, kind, name, id);

-- How it goes with a source: apart from its row, because these move by themselves and are no act of
-- anybody. Of a connection, or of a channel account that is asked for the numbers of its posts
-- (`bluesky:cha_…`).
create table metric_source_health (
  source_id text primary key,
  workspace_id text not null references workspaces (id),
  kind text not null,
  channel_account_id text,
  checked_at timestamp(3) with time zone,
  check_detail text,
  last_success_at timestamp(3) with time zone,
  -- In a row.
  failures integer not null default 0 check (failures >= 0),
  failing_since timestamp(3) with time zone,
  last_failure_at timestamp(3) with time zone,
  last_failure text check (length(last_failure) <= 300),
  refused_at timestamp(3) with time zone,
  -- The source asked for silence.
  quiet_until timestamp(3) with time zone,
  -- Requests that may be made now; null: none was counted yet.
  tokens double precision,
  refilled_at timestamp(3) with time zone,
  check ((failures = 0) = (failing_since is null)),
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id)
);
create index metric_source_health_by_workspace on metric_source_health (workspace_id);

-- How the source defines the measure, where it can be one of several.
alter table readings add column definition text check (length(definition) between 1 and 60);

select close_workspaces();
select record_acts_on('metric_sources', 'metric_source');
