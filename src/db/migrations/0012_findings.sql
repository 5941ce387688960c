-- What the watch found, with its history: a row from when a finding was opened until it is closed. The
-- same thing found again later is another row.
create table findings (
  workspace_id text not null references workspaces (id),
  -- As the workspace is told it: the same as long as the same thing is stuck.
  id text not null,
  code text not null,
  severity text not null,
  -- Position of the severity in the order of the list.
  rank smallint not null,
  -- No reference: a run may be found whose item has no row.
  item_id text,
  since timestamp(3) with time zone not null,
  waiting_on jsonb not null,
  evidence jsonb not null,
  opened_at timestamp(3) with time zone not null,
  last_seen_at timestamp(3) with time zone not null,
  -- The first look that did not see it any more: the second one closes it.
  missed_at timestamp(3) with time zone,
  closed_at timestamp(3) with time zone,
  closed_because text,
  primary key (workspace_id, id, opened_at),
  check (severity in ('critical', 'warning', 'notice')),
  check (closed_because in ('gone', 'item_closed', 'repaired')),
  check ((closed_at is null) = (closed_because is null))
);
create unique index findings_open on findings (workspace_id, id) where closed_at is null;
create index findings_worst on findings (workspace_id, rank, since, id collate "C")
  where closed_at is null;
create index findings_history on findings (workspace_id, opened_at, id);
create index findings_of_item on findings (workspace_id, item_id, opened_at);

-- The last look at each workspace, and what it could not find out.
create table watches (
  workspace_id text primary key references workspaces (id),
  looked_at timestamp(3) with time zone not null,
  could_not_ask jsonb not null,
  -- Work that waited too long at that look, with since when: at two in a row it is a finding.
  pressing jsonb not null
);

select close_workspaces();
-- Whether the watch runs at all: when it looked, and at what it did not.
create policy counted on watches for select
  using ((select baton_setting('lookup')) = 'health');
