-- One decision of somebody who is no member: of one role, on one content of one item, under a secret
-- address. Its command is `link:<id>`, so it is given once.
create table approval_links (
  id text primary key,
  workspace_id text not null references workspaces (id),
  item_id text not null,
  role text not null,
  content_hash text not null,
  -- The same content submitted again is another set: what was voided stays so.
  approval_set integer not null,
  name text not null check (length(name) between 1 and 200),
  name_key text not null,
  email text check (length(email) between 3 and 254),
  secret_hash bytea not null unique check (length(secret_hash) = 32),
  expires_at timestamp(3) with time zone not null,
  -- Null when the system made it, for an approver whom the playbook names.
  issued_by text,
  revoked_at timestamp(3) with time zone,
  revoked_by text,
  created_at timestamp(3) with time zone not null default now(),
  check ((revoked_at is null) = (revoked_by is null)),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  foreign key (workspace_id, issued_by) references members (workspace_id, id),
  foreign key (workspace_id, revoked_by) references members (workspace_id, id)
);
create index approval_links_by_item on approval_links (item_id, created_at, id);

select close_workspaces();
create policy shown on approval_links for select
  using (encode(secret_hash, 'hex') = (select baton_setting('lookup')));

-- Whoever answers by link gives a command, and may comment it: the reference to members holds for all others.
alter table commands
  drop constraint commands_workspace_id_actor_id_fkey,
  add column actor_member_id text
    generated always as (case when actor_id like 'external:%' then null else actor_id end) stored,
  add foreign key (workspace_id, actor_member_id) references members (workspace_id, id),
  drop constraint commands_source_check,
  add constraint commands_source_check check (source in ('http', 'webhook', 'link', 'cli')),
  add check ((source = 'link') = (actor_id like 'external:%'));
alter table comments
  drop constraint comments_workspace_id_author_id_fkey,
  add column author_member_id text
    generated always as (case when author_id like 'external:%' then null else author_id end) stored,
  add foreign key (workspace_id, author_member_id) references members (workspace_id, id);

-- An endpoint for Slack acts for whoever of its users clicks: their member ids, by the id of the user there.
alter table webhook_endpoints
  alter column member_id drop not null,
  add column users jsonb not null default '{}' check (jsonb_typeof(users) = 'object'),
  add check ((kind = 'slack') = (member_id is null));
