-- Previews of files that are being read: they take a turn as imports do, and leave nothing behind. One whose
-- program died is told by its silence.
create table reading_previews (
  id text primary key,
  workspace_id text not null references workspaces (id),
  seen_at timestamp(3) with time zone not null default now()
);
create index reading_previews_by_workspace on reading_previews (workspace_id);

select close_workspaces();
