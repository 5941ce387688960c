-- Signed checkpoints of a workspace's chain heads. They are told to others and written to files, so that
-- a database that was rewritten afterwards does not agree with what they hold.
create table checkpoints (
  workspace_id text not null references workspaces (id),
  seq integer not null check (seq >= 1),
  at timestamp(3) with time zone not null,
  -- The key that signed it; what was signed with an earlier one stays verifiable.
  key_id text not null,
  public_key text not null,
  -- Heads that changed since the checkpoint before: a line "stream seq hash" each, sorted, gzipped.
  heads bytea not null,
  head_count integer not null check (head_count >= 1),
  heads_hash text not null,
  prev_hash text not null,
  hash text not null,
  signature text not null,
  primary key (workspace_id, seq)
);
create trigger checkpoints_append_only before update or delete on checkpoints
  for each row execute function refuse_change();
create trigger checkpoints_no_truncate before truncate on checkpoints
  for each statement execute function refuse_change();

-- What of each chain was told last: the next checkpoint has what is different.
create table checkpoint_heads (
  workspace_id text not null references workspaces (id),
  stream text not null,
  seq integer not null,
  hash text not null,
  primary key (workspace_id, stream)
);

select close_workspaces();
