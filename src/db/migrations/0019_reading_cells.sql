-- The readings that count, laid out by part of an item (the item itself, one of its channel accounts, one of
-- its posts), so that a roll-up reads a row per part and not one per reading. They follow from the readings:
-- whoever needs the cells of an item renews them first, when a reading came since.
create table reading_cells (
  workspace_id text not null,
  item_id text not null,
  -- Both empty: the item itself.
  publication_id text not null,
  channel_account_id text not null,
  -- One entry per measure and checkpoint in each array. A series is named by its checkpoint, its measure,
  -- how its reading came about and its definition (src/db/item/reading-cells.ts).
  series text[] not null,
  amounts double precision[] not null,
  as_of timestamp(3) with time zone[] not null,
  reading_ids text[] not null,
  primary key (workspace_id, item_id, publication_id, channel_account_id),
  foreign key (workspace_id, item_id) references items (workspace_id, id)
);

-- A row for each statement that added readings to an item: who renews takes those it saw, and no other.
create table reading_additions (
  id bigint generated always as identity primary key,
  workspace_id text not null,
  item_id text not null
);
create index reading_additions_by_item on reading_additions (workspace_id, item_id);

create function note_readings() returns trigger language plpgsql as $$
begin
  insert into reading_additions (workspace_id, item_id)
  select distinct workspace_id, item_id from added;
  return null;
end;
$$;
create trigger readings_noted after insert on readings
  referencing new table as added for each statement execute function note_readings();

alter table readings no force row level security;
insert into reading_additions (workspace_id, item_id)
select distinct workspace_id, item_id from readings;
alter table readings force row level security;

select close_workspaces();

-- Which series a row has, as a hash: rows of one shape are told by it, and added up entry by entry.
alter table reading_cells add column shape text;

alter table reading_cells no force row level security;
update reading_cells
  set shape = md5((select string_agg(name, chr(10) order by at) from unnest(series) with ordinality s(name, at)));
alter table reading_cells force row level security;

alter table reading_cells alter column shape set not null;
