-- Sessions that adapters hold with their networks, shared by all workers. Sealed like credentials; a session
-- that is lost is opened again, so nothing but speed depends on these rows.
create table channel_sessions (
  channel_account_id text primary key,
  workspace_id text not null references workspaces (id),
  sealed text not null,
  updated_at timestamp(3) with time zone not null default now(),
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id)
);
