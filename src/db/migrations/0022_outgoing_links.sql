-- Links as they were sent: what a post holds, and where it leads. A row is made by the first attempt to
-- send, and stays: a post that is looked for later has to read the same.
create table outgoing_links (
  -- Code of the short link; public.
  id text primary key check (id ~ '^[0-9A-Za-z]{12}$'),
  workspace_id text not null references workspaces (id),
  item_id text not null,
  publication_id text not null,
  channel text not null,
  -- As it was written and approved.
  written text not null,
  target text not null check (target ~ '^https?://'),
  -- What stands in the post: a short link of this code, or the target.
  address text not null,
  is_short boolean not null,
  created_at timestamp(3) with time zone not null default now(),
  foreign key (workspace_id, item_id) references items (workspace_id, id)
);
create index outgoing_links_of_publication on outgoing_links (workspace_id, publication_id);

-- Clicks on short links, by day (UTC): one row each, whatever is clicked.
create table link_clicks (
  link_id text not null,
  workspace_id text not null references workspaces (id),
  day date not null,
  clicks bigint not null check (clicks > 0),
  primary key (link_id, day)
);
create index link_clicks_by_workspace on link_clicks (workspace_id);

select close_workspaces();

-- Whoever opens a short link shows its code, and has not said a workspace.
create policy shown on outgoing_links for select
  using (id = (select baton_setting('lookup')));
