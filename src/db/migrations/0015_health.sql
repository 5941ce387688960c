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

-- The trace in which a command was given: it is no part of what the run hears or chains.
alter table commands add column trace_id text check (trace_id ~ '^[0-9a-f]{32}$');
