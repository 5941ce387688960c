-- The second wall around a workspace: whatever a query says, it sees the rows of the workspace that its
-- transaction names (src/db/workspace-scope.ts). The programs log in as members of `baton_program`, which
-- owns nothing; the owner of the tables runs migrations and is held by the same policies (FORCE).

do $$
begin
  if not exists (select from pg_roles where rolname = 'baton_program') then
    create role baton_program nologin;
  end if;
exception
  -- Roles are the server's: another database of it may be migrated at the same moment.
  when duplicate_object or unique_violation then null;
  when insufficient_privilege then
    raise exception 'the role baton_program is missing and this one may not make it: create role baton_program nologin';
end;
$$;

-- A setting that was never made is null, one that a transaction made before is empty: neither is an id.
create function baton_setting(name text) returns text language sql stable parallel safe as $$
  select nullif(current_setting('baton.' || name, true), '')
$$;

-- Closes every table that names a workspace, and says which were open. A migration that adds a table ends
-- with `select close_workspaces();`: a test finds the table that was forgotten.
create function close_workspaces() returns setof text language plpgsql as $$
declare
  found record;
begin
  for found in
    select c.oid, c.relname as name,
           case c.relname when 'workspaces' then 'id' else 'workspace_id' end as owner,
           exists (select from pg_trigger t where t.tgrelid = c.oid
                     and t.tgname = c.relname || '_append_only') as is_log
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
      and (c.relname = 'workspaces' or exists (
        select from pg_attribute a
        where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped))
      and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'of_workspace')
  loop
    execute format('alter table %I enable row level security', found.name);
    execute format('alter table %I force row level security', found.name);
    -- In a subquery, so that the setting is read once per statement and not once per row.
    execute format('create policy of_workspace on %I using (%I = (select baton_setting(''workspace'')))',
                   found.name, found.owner);
    execute format('grant select, insert on %I to baton_program', found.name);
    if not found.is_log then
      execute format('grant update, delete on %I to baton_program', found.name);
    end if;
    return next found.name;
  end loop;
  -- What names no workspace holds nothing of one: counters of requests, for example.
  for found in
    select c.relname as name from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
      and c.relname not in ('workspaces', 'schema_migrations') and not exists (
        select from pg_attribute a
        where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped)
  loop
    execute format('grant select, insert, update, delete on %I to baton_program', found.name);
  end loop;
end;
$$;
select close_workspaces();
grant select on schema_migrations to baton_program;
-- Only an act writes its record.
revoke insert on administrative_acts from baton_program;

-- What must cross, and no more. Who shows a credential has not said a workspace: the row of this very
-- credential is what says it.
create policy shown on api_keys for select
  using (id = (select baton_setting('lookup')));
create policy shown on webhook_endpoints for select
  using (id = (select baton_setting('lookup')));
create policy shown on calendar_feeds for select
  using (encode(secret_hash, 'hex') = (select baton_setting('lookup')));

-- Work of the system: the list of workspaces, the pending commands that the drainer settles, and whose
-- an item is, for the audit of runs that have no row.
create policy listed on workspaces for select
  using ((select baton_setting('lookup')) = 'workspaces');
create policy located on items for select
  using ((select baton_setting('lookup')) = 'item_locations');
create policy unsettled on commands for select
  using (state = 'pending' and (select baton_setting('lookup')) = 'unsettled_commands');
