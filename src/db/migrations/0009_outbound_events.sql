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

-- Every administrative act is told, in its transaction.
create function tell_act() returns trigger language plpgsql as $$
begin
  insert into outbox (id, workspace_id, stream, type, payload)
  values ('evt_act_' || replace(new.workspace_id, 'wsp_', '') || '_' || new.seq, new.workspace_id,
          new.workspace_id, 'administration.recorded',
          jsonb_build_object('at', to_char(new.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                             'actor', new.actor, 'data', new.record::jsonb));
  return null;
end;
$$;
create trigger administrative_acts_told after insert on administrative_acts
  for each row execute function tell_act();
