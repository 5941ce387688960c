-- Each text of a post in order: a single post is one, a thread several. Written only by the holder of the
-- lease, by a look-up and by a person's word, together with the intent's own state.
alter table publish_intents add column segments jsonb not null default '[]'
  check (jsonb_typeof(segments) = 'array');
-- What was done about the post and what came of it, oldest first.
alter table publish_intents add column log jsonb not null default '[]'
  check (jsonb_typeof(log) = 'array');
-- What a person said of an unknown outcome.
alter table publish_intents add column resolution text
  check (resolution in ('live', 'not_live', 'publish_again', 'skip'));

-- What a channel account may still write, shared by every worker.
create table channel_budgets (
  workspace_id text not null,
  channel_account_id text not null,
  tokens double precision not null check (tokens >= 0),
  refilled_at timestamp(3) with time zone not null,
  -- The channel asked for silence until then: no request of any kind.
  banned_until timestamp(3) with time zone,
  primary key (workspace_id, channel_account_id),
  foreign key (workspace_id, channel_account_id) references channel_accounts (workspace_id, id)
);
