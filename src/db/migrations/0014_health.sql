-- What the metrics count is of every workspace, and names none. Who counts sees open items, commands that
-- wait for a verdict, events that were not handed on and open findings, and nothing else.
create policy counted on items for select
  using (closed_at is null and (select baton_setting('lookup')) = 'health');
create policy counted on commands for select
  using (state = 'pending' and (select baton_setting('lookup')) = 'health');
create policy counted on outbox for select
  using ((select baton_setting('lookup')) = 'health');
create policy counted on findings for select
  using (closed_at is null and (select baton_setting('lookup')) = 'health');
-- Those that are not over, and those that somebody may replay.
create policy counted on webhook_deliveries for select
  using (state <> 'delivered' and (select baton_setting('lookup')) = 'health');

-- A workspace that the watch never looked at has waited since it was made.
create policy counted on workspaces for select
  using ((select baton_setting('lookup')) = 'health');

-- The trace in which a command was given: it is no part of what the run hears or chains.
alter table commands add column trace_id text check (trace_id ~ '^[0-9a-f]{32}$');

-- A text that was left over, as with a command that expired, goes with its command when that is tidied away.
alter table command_texts
  drop constraint command_texts_workspace_id_command_id_fkey,
  add constraint command_texts_workspace_id_command_id_fkey
    foreign key (workspace_id, command_id) references commands (workspace_id, id) on delete cascade;

-- Since when no version of a draft needs a file; null: one does, for good. A text on its way to a run, and
-- every upload, count anew.
alter table assets add column unused_since timestamp(3) with time zone default now();
alter table assets no force row level security;
alter table drafts no force row level security;
update assets set unused_since = created_at;
update assets a set unused_since = null
from (select distinct d.workspace_id, f.value ->> 'hash' as hash
      from drafts d cross join lateral jsonb_array_elements(d.body -> 'assets') f) used
where a.workspace_id = used.workspace_id and a.hash = used.hash;
alter table assets force row level security;
alter table drafts force row level security;
create index assets_unused on assets (workspace_id, unused_since) where unused_since is not null;

create function use_assets() returns trigger language plpgsql as $$
declare
  used text[] := array(select f.value ->> 'hash' from jsonb_array_elements(new.body -> 'assets') f);
begin
  -- In one order, so that two drafts with the same files wait for each other only one way.
  perform from assets where workspace_id = new.workspace_id and hash = any (used)
    and unused_since is not null order by hash for update;
  update assets set unused_since = case tg_table_name when 'command_texts' then now() end
  where workspace_id = new.workspace_id and hash = any (used) and unused_since is not null;
  -- A file may have been tidied since the sender looked for it. One that is here now stays.
  if tg_table_name = 'command_texts' and exists (
    select from unnest(used) as named (hash) where not exists (
      select from assets a where a.workspace_id = new.workspace_id and a.hash = named.hash))
  then
    raise exception 'a file that the text names has no record'
      using errcode = 'foreign_key_violation', constraint = 'command_texts_files';
  end if;
  return null;
end;
$$;
create trigger drafts_use_assets after insert on drafts for each row
  when (jsonb_typeof(new.body -> 'assets') = 'array') execute function use_assets();
create trigger command_texts_use_assets after insert on command_texts for each row
  when (new.kind = 'draft' and jsonb_typeof(new.body -> 'assets') = 'array')
  execute function use_assets();

-- Whether any workspace has a file: what nobody has leaves the disk.
create policy held on assets for select
  using ((select baton_setting('lookup')) = 'files');

-- What is tidied is found by when it was done.
create index items_closed on items (workspace_id, closed_at) where closed_at is not null;
create index commands_refused_starts on commands (workspace_id, settled_at)
  where type = 'start_item' and state in ('refused', 'expired');
create index webhook_deliveries_done on webhook_deliveries (workspace_id, delivered_at)
  where state = 'delivered';
create index findings_closed on findings (workspace_id, closed_at) where closed_at is not null;
