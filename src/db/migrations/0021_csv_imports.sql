-- How the columns of exports are read, as a workspace writes it down, and files that were imported.
create table csv_mappings (
  id text primary key,
  workspace_id text not null references workspaces (id),
  name text not null check (length(name) between 1 and 100),
  body jsonb not null check (jsonb_typeof(body) = 'object'),
  created_by text not null,
  created_at timestamp(3) with time zone not null default now(),
  changed_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, name),
  foreign key (workspace_id, created_by) references members (workspace_id, id)
);

create table reading_imports (
  id text primary key,
  workspace_id text not null references workspaces (id),
  -- Shipped, or one of the workspace; it may be gone.
  mapping text not null,
  state text not null default 'running' check (state in ('running', 'done', 'failed')),
  -- Why it failed.
  failure text check (length(failure) <= 500),
  -- Of each result, how many rows have it.
  counts jsonb not null default '{}',
  readings integer not null default 0,
  -- The last line that is stored.
  line integer not null default 0,
  created_by text not null,
  created_at timestamp(3) with time zone not null default now(),
  -- Whoever imports says so again and again: one that died is told by its silence.
  seen_at timestamp(3) with time zone not null default now(),
  ended_at timestamp(3) with time zone,
  unique (workspace_id, id),
  foreign key (workspace_id, created_by) references members (workspace_id, id)
);
create index reading_imports_by_time on reading_imports (workspace_id, created_at desc, id desc);

-- What became of the rows of a file, some thousands of them together.
create table reading_import_blocks (
  import_id text not null,
  workspace_id text not null,
  last_line integer not null,
  -- A list per row: its line, its result, the item, the publication, readings, mistakes.
  rows json not null,
  primary key (import_id, last_line),
  foreign key (workspace_id, import_id) references reading_imports (workspace_id, id) on delete cascade
);

-- How the rows of an export find their piece.
create index remote_posts_by_remote_id on remote_posts (workspace_id, remote_id);
create index publications_by_permalink on publications (workspace_id, permalink)
  where permalink is not null;
create index briefs_by_page on briefs (workspace_id, (body #>> '{callToAction,url}'))
  where body #>> '{callToAction,url}' is not null;

select close_workspaces();
select record_acts_on('csv_mappings', 'csv_mapping');

-- Previews of files that are being read: they take a turn as imports do, and leave nothing behind. One whose
-- program died is told by its silence.
create table reading_previews (
  id text primary key,
  workspace_id text not null references workspaces (id),
  seen_at timestamp(3) with time zone not null default now()
);
create index reading_previews_by_workspace on reading_previews (workspace_id);

select close_workspaces();
