-- Notices to people: what each member is told, where it is sent, and how they want to be told.

alter table members
  add column email text,
  add column language text not null default 'en' check (language in ('en', 'fr')),
  add column zone text not null default 'UTC';

-- A row for each member who has chosen anything.
create table member_preferences (
  member_id text primary key,
  workspace_id text not null references workspaces (id),
  channels jsonb not null default '{}',
  digest text not null default 'off' check (digest in ('off', 'hourly', 'daily')),
  quiet_hours jsonb,
  -- The address of the member's own Slack channel: whoever has it can write there.
  sealed_slack_url text,
  updated_at timestamp(3) with time zone not null default now(),
  foreign key (workspace_id, member_id) references members (workspace_id, id)
);
create index member_preferences_by_workspace on member_preferences (workspace_id);

-- Where Slack messages go to members who have no channel of their own: one per workspace.
create table slack_channels (
  id text primary key,
  workspace_id text not null unique references workspaces (id),
  sealed text not null,
  updated_at timestamp(3) with time zone not null default now()
);
select record_acts_on('slack_channels', 'slack_channel');

create table notices (
  id text primary key,
  workspace_id text not null references workspaces (id),
  member_id text not null,
  item_id text,
  kind text not null,
  -- The same cause tells the same member once.
  cause text not null,
  -- The wait it is about: while the item no longer waits so, it is settled. Null: it stays true.
  wait_key text,
  text_key text not null,
  about jsonb not null,
  -- False: the member wants this kind elsewhere only.
  in_app boolean not null,
  at timestamp(3) with time zone not null default now(),
  read_at timestamp(3) with time zone,
  unique (workspace_id, id),
  unique (workspace_id, member_id, cause),
  foreign key (workspace_id, member_id) references members (workspace_id, id),
  foreign key (workspace_id, item_id) references items (workspace_id, id)
);
create index notices_of_member on notices (workspace_id, member_id, at desc, id desc) where in_app;
create index notices_unread on notices (workspace_id, member_id, at desc, id desc)
  where in_app and read_at is null;
create index notices_reminding on notices (workspace_id, member_id, item_id, at) where kind = 'reminder';

-- One way of a notice to its member, outside of Baton.
create table notice_sends (
  id text primary key,
  workspace_id text not null references workspaces (id),
  notice_id text not null,
  member_id text not null,
  channel text not null check (channel in ('email', 'slack')),
  -- What is sent in one message has one batch: a digest, or a single notice.
  batch text not null,
  state text not null default 'pending' check (state in ('pending', 'sent', 'settled', 'failed')),
  -- While somebody sends it: until when it is theirs.
  due_at timestamp(3) with time zone not null,
  attempts integer not null default 0,
  last_error text,
  created_at timestamp(3) with time zone not null default now(),
  settled_at timestamp(3) with time zone,
  unique (workspace_id, id),
  unique (notice_id, channel),
  foreign key (workspace_id, notice_id) references notices (workspace_id, id) on delete cascade,
  foreign key (workspace_id, member_id) references members (workspace_id, id)
);
create index notice_sends_due on notice_sends (channel, due_at, id) where state = 'pending';
create index notice_sends_in_batch on notice_sends (workspace_id, batch, id) where state = 'pending';
create index notice_sends_by_state on notice_sends (workspace_id, state, created_at, id);

select close_workspaces();
-- The senders look for what is due in every workspace.
create policy unsent on notice_sends for select
  using (state = 'pending' and (select baton_setting('lookup')) = 'unsent_notices');
