-- What each source said for a checkpoint of a publication. Once it has answered, its readings stand: they are
-- stored in the transaction that makes this row an answer, so there is one whole set or none.
create table checkpoint_replies (
  workspace_id text not null,
  item_id text not null,
  publication_id text not null,
  checkpoint text not null,
  source text not null,
  -- `waits`: it failed and is asked again; `gave_up`: asking again would not help.
  state text not null check (state in ('answered', 'waits', 'gave_up')),
  -- What it said instead of numbers.
  reason text check (length(reason) <= 400),
  attempts integer not null check (attempts >= 1),
  -- Both by the item's own clock.
  asked_at timestamp(3) with time zone not null,
  ask_after timestamp(3) with time zone,
  primary key (workspace_id, publication_id, checkpoint, source),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  check ((state = 'answered') = (reason is null))
);
create index checkpoint_replies_by_item on checkpoint_replies (workspace_id, item_id);

-- Whoever was held back gets a turn of their own: this is the last one that was given away.
alter table metric_source_health add column last_turn_at timestamp(3) with time zone;

-- Items whose review was frozen, and that have got readings since: to be judged again beside it. Freezing
-- a review locks its item, and a reading locks it too: each reading is in the review or noted here.
create table late_readings (
  workspace_id text not null,
  item_id text not null,
  -- How often: what is noted while somebody judges is judged again.
  times bigint not null default 1,
  noted_at timestamp(3) with time zone not null default now(),
  primary key (workspace_id, item_id),
  foreign key (workspace_id, item_id) references items (workspace_id, id)
);

create function note_late_readings() returns trigger language plpgsql as $$
begin
  insert into late_readings (workspace_id, item_id)
  select distinct n.workspace_id, n.item_id from new_readings n
  where exists (select from kpi_reviews r
                where r.workspace_id = n.workspace_id and r.item_id = n.item_id)
  on conflict (workspace_id, item_id)
    do update set times = late_readings.times + 1, noted_at = excluded.noted_at;
  return null;
end;
$$;
create trigger readings_note_late after insert on readings
  referencing new table as new_readings for each statement execute function note_late_readings();

-- What readings say that came after a review was frozen, where a verdict is another by them. The review
-- itself stays as it is. Once somebody has decided about it, the decision stays too.
create table kpi_addenda (
  id text primary key,
  workspace_id text not null,
  item_id text not null,
  review_number integer not null,
  number integer not null check (number >= 1),
  hash text not null,
  body jsonb not null,
  created_at timestamp(3) with time zone not null default now(),
  decision text,
  reason text,
  decided_by text,
  decided_at timestamp(3) with time zone,
  unique (item_id, number),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  foreign key (workspace_id, decided_by) references members (workspace_id, id),
  check ((decision is null) = (decided_at is null) and (decision is null) = (decided_by is null)
     and (decision is null) = (reason is null))
);
create index kpi_addenda_by_time on kpi_addenda (workspace_id, created_at, id);

create function refuse_addendum_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.decision is null
     and (old.id, old.workspace_id, old.item_id, old.review_number, old.number, old.hash, old.body,
          old.created_at)
       = (new.id, new.workspace_id, new.item_id, new.review_number, new.number, new.hash, new.body,
          new.created_at) then
    return new;
  end if;
  raise exception 'an addendum is decided once and never changed';
end;
$$;
create trigger kpi_addenda_decided_once before update or delete on kpi_addenda
  for each row execute function refuse_addendum_change();

select close_workspaces();
