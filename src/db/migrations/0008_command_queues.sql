-- Commands that nobody answered wait in a queue per run, so that a run that does not answer delays no
-- other. Every command ends: one without an answer expires.

alter table commands
  add column is_queued boolean not null default false,
  add column expires_at timestamp(3) with time zone not null default now() + interval '24 hours',
  drop column retry_at,
  drop constraint commands_state_check,
  add constraint commands_state_check check (state in ('pending', 'applied', 'refused', 'expired')),
  add check (state <> 'expired' or (unmet is not null and refused_at_seq is not null));
-- Whoever stores a command says when it expires.
alter table commands alter column expires_at drop default;

drop index commands_unsettled;
-- Those whose sender died: each of the others is in the queue of its run.
create index commands_abandoned on commands (created_at, id) where state = 'pending' and not is_queued;
create index commands_in_line on commands (item_id, created_at, id) where state = 'pending';
drop index commands_refused;
create index commands_refused on commands (item_id, refused_at_seq, settled_at, id)
  where state in ('refused', 'expired');
create index commands_expired on commands (workspace_id, settled_at) where state = 'expired';

-- An expired text was never said either.
drop trigger commands_drop_texts on commands;
create trigger commands_drop_texts after update of state on commands for each row
  when (new.state in ('refused', 'expired'))
  execute function drop_refused_texts();

-- A row for each run that commands wait for; none for a run that answers.
create table command_queues (
  item_id text primary key,
  workspace_id text not null references workspaces (id),
  -- Attempts in a row without an answer.
  failures integer not null default 0,
  -- Since some attempts: such runs share a part of the places.
  is_silent boolean not null default false,
  -- While somebody works the queue: until when it is theirs.
  next_attempt_at timestamp(3) with time zone not null default now(),
  attempted_at timestamp(3) with time zone,
  -- Times somebody took it.
  turn integer not null default 0,
  created_at timestamp(3) with time zone not null default now()
);
create index command_queues_due on command_queues (is_silent, workspace_id, next_attempt_at, item_id);

select close_workspaces();
create policy unsettled on command_queues for select
  using ((select baton_setting('lookup')) = 'unsettled_commands');
