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

-- What the audit counts per account: posts that are still to go out.
create index publications_to_send on publications (channel_account_id, at)
  where state in ('tentative', 'planned', 'due', 'sending') and not released;
