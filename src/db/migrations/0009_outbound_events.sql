-- What outside systems are told. The outbox takes events of any stream: those of an item, in the order of
-- its chain, and those of a workspace, in the order in which they were written. What was handed on leaves
-- the table at once, so it stays small.

drop index outbox_waiting;
alter table outbox
  drop constraint outbox_item_id_seq_ordinal_key,
  drop column dispatched_at,
  alter column item_id drop not null,
  alter column seq drop not null,
  alter column ordinal drop not null,
  add column stream text,
  add column position bigint generated always as identity,
  -- While its stream waits after a failure: until when, and after how many.
  add column not_before timestamp(3) with time zone not null default now(),
  add column failures integer not null default 0;
-- No update: row security would hide the rows from it.
alter table outbox
  alter column stream type text using item_id;
alter table outbox
  alter column stream set not null,
  add check ((seq is null) = (ordinal is null)),
  add check (seq is null or stream = item_id);
create unique index outbox_in_line on outbox (stream, seq, ordinal, position);

-- The dispatcher asks which streams wait, of every workspace; it takes them within theirs.
create policy waiting on outbox for select
  using ((select baton_setting('lookup')) = 'waiting_events');

create function wake_dispatchers() returns trigger language plpgsql as $$
begin
  if exists (select from added) then
    perform pg_notify('baton_outbox', '');
  end if;
  return null;
end;
$$;
create trigger outbox_wakes after insert on outbox referencing new table as added
  for each statement execute function wake_dispatchers();

-- Every administrative act is told, in its transaction. Addresses of receivers are for admins alone: only
-- the record that is chained has them.
create function tell_act() returns trigger language plpgsql as $$
begin
  insert into outbox (id, workspace_id, stream, type, payload)
  values ('evt_act_' || replace(new.workspace_id, 'wsp_', '') || '_' || new.seq, new.workspace_id,
          new.workspace_id, 'administration.recorded',
          jsonb_build_object('at', to_char(new.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                             'actor', new.actor, 'data', new.record::jsonb #- '{before,url}' #- '{after,url}'));
  return null;
end;
$$;
create trigger administrative_acts_told after insert on administrative_acts
  for each row execute function tell_act();

-- Who wants to be told. Its acts are recorded; how deliveries go is in tables of its own.
create table webhook_subscriptions (
  id text primary key,
  workspace_id text not null references workspaces (id),
  url text not null,
  description text not null default '',
  types text[] not null check (cardinality(types) > 0),
  filter jsonb not null default '{}',
  secrets jsonb not null,
  active boolean not null default true,
  -- Set while it is not active: `paused` by an admin, `gone` by the receiver's own answer.
  stopped text check (stopped in ('paused', 'gone')),
  issued_by text,
  created_at timestamp(3) with time zone not null default now(),
  unique (workspace_id, id),
  foreign key (workspace_id, issued_by) references members (workspace_id, id),
  check (active = (stopped is null))
);
select record_acts_on('webhook_subscriptions', 'webhook_subscription');

-- An event that somebody wanted, with the bytes that every delivery of it sends.
create table outbound_events (
  id text primary key,
  workspace_id text not null references workspaces (id),
  stream text not null,
  position bigint generated always as identity,
  item_id text,
  type text not null,
  body text not null,
  created_at timestamp(3) with time zone not null,
  unique (workspace_id, id)
);
create index outbound_events_by_age on outbound_events (created_at);

create table webhook_deliveries (
  id text primary key,
  workspace_id text not null references workspaces (id),
  subscription_id text not null,
  event_id text not null,
  type text not null,
  item_id text,
  -- In a stream the next one waits until the one before is delivered or exhausted.
  stream text not null,
  position bigint not null,
  -- `failed`: another attempt follows. `exhausted`: none does, unless it is replayed.
  state text not null default 'pending' check (state in ('pending', 'failed', 'delivered', 'exhausted')),
  attempts integer not null default 0,
  -- What became of each attempt, the newest last.
  log jsonb not null default '[]',
  next_attempt_at timestamp(3) with time zone default now(),
  -- While an attempt is under way: until when it is somebody's.
  lease_until timestamp(3) with time zone,
  created_at timestamp(3) with time zone not null default now(),
  delivered_at timestamp(3) with time zone,
  exhausted_at timestamp(3) with time zone,
  unique (subscription_id, event_id),
  foreign key (workspace_id, subscription_id) references webhook_subscriptions (workspace_id, id) on delete cascade,
  foreign key (workspace_id, event_id) references outbound_events (workspace_id, id) on delete cascade,
  check ((next_attempt_at is null) = (state in ('delivered', 'exhausted')))
);
create index webhook_deliveries_open on webhook_deliveries (subscription_id, stream, position)
  where state in ('pending', 'failed');
create index webhook_deliveries_listed on webhook_deliveries (subscription_id, created_at, id);
create index webhook_deliveries_exhausted on webhook_deliveries (workspace_id, exhausted_at)
  where state = 'exhausted';
create index webhook_deliveries_of_event on webhook_deliveries (event_id);

-- Whether somebody looks after the deliveries of a subscription.
create table delivery_turns (
  subscription_id text primary key references webhook_subscriptions (id) on delete cascade,
  workspace_id text not null references workspaces (id),
  -- Until when somebody looks again and again: nobody has to be called.
  busy_until timestamp(3) with time zone not null,
  -- When somebody looks next.
  next_look_at timestamp(3) with time zone
);

select close_workspaces();

-- The sweep looks for deliveries that nobody looks after, of every workspace.
create policy undelivered on webhook_deliveries for select
  using (state in ('pending', 'failed') and (select baton_setting('lookup')) = 'due_deliveries');
create policy undelivered on webhook_subscriptions for select
  using (active and (select baton_setting('lookup')) = 'due_deliveries');
create policy undelivered on delivery_turns for select
  using ((select baton_setting('lookup')) = 'due_deliveries');
