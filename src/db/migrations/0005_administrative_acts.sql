-- What was done to a workspace itself, by whom, and what it was before: one record per act, chained by
-- hashes. The database writes it, in the transaction of the act, so no program can leave one out.

-- Who gave a credential out. Null for those that a workspace was made with.
alter table api_keys add column issued_by text;
alter table api_keys add foreign key (workspace_id, issued_by) references members (workspace_id, id);
alter table webhook_endpoints add column issued_by text;
alter table webhook_endpoints add foreign key (workspace_id, issued_by) references members (workspace_id, id);

create table administrative_acts (
  workspace_id text not null references workspaces (id),
  seq integer not null check (seq >= 1),
  at timestamp(3) with time zone not null,
  actor text not null,
  target text not null,
  -- The act as JSON text: exactly what the hash covers, with the hash before it in front.
  record text not null,
  prev_hash text not null,
  hash text not null,
  primary key (workspace_id, seq)
);
create index administrative_acts_by_target on administrative_acts (workspace_id, target, seq);
create index administrative_acts_by_actor on administrative_acts (workspace_id, actor, seq);
create trigger administrative_acts_append_only before update or delete on administrative_acts
  for each row execute function refuse_change();
create trigger administrative_acts_no_truncate before truncate on administrative_acts
  for each statement execute function refuse_change();

-- Its argument names what the table holds. Secrets are named and never shown. It runs with the rights of
-- the tables' owner: a program may write no record but by its act.
create function record_act() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  hidden constant text[] := array['secret_hash', 'credentials', 'secrets', 'sealed'];
  -- These move by themselves, or with what they tell of.
  silent constant text[] := array['last_used_at', 'updated_at'];
  was jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  now_is jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  workspace text := coalesce(now_is, was) ->> case tg_table_name when 'workspaces' then 'id' else 'workspace_id' end;
  changed text[];
  verb text := case tg_op when 'INSERT' then 'added' when 'UPDATE' then 'changed' else 'removed' end;
  what jsonb := coalesce(now_is, was);
  target_id text := what ->> case when what ? 'id' then 'id' else 'channel_account_id' end;
  who text := coalesce(nullif(current_setting('baton.actor', true), ''), 'operator');
  last_seq integer;
  last_hash text;
  act_record text;
  instant timestamptz;
begin
  select array_agg(key order by key) into changed
  from jsonb_object_keys(coalesce(now_is, was)) as key
  where was -> key is distinct from now_is -> key and not key = any (silent);
  if tg_op = 'UPDATE' and changed is null then
    return null;
  end if;
  -- One after the other: the chain of a workspace has one end.
  perform pg_advisory_xact_lock(hashtextextended('acts:' || workspace, 0));
  select seq, hash into last_seq, last_hash from administrative_acts
  where workspace_id = workspace order by seq desc limit 1;
  last_hash := coalesce(last_hash, repeat('0', 64));
  instant := date_trunc('milliseconds', clock_timestamp());
  act_record := jsonb_build_object(
    'seq', coalesce(last_seq, 0) + 1,
    'at', to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'workspaceId', workspace,
    'actor', who,
    'credential', nullif(current_setting('baton.credential', true), ''),
    'act', tg_argv[0] || '.' || verb,
    'target', target_id,
    'changed', to_jsonb(changed),
    'before', shown_columns(was, changed, hidden),
    'after', shown_columns(now_is, changed, hidden))::text;
  insert into administrative_acts (workspace_id, seq, at, actor, target, record, prev_hash, hash)
  values (workspace, coalesce(last_seq, 0) + 1, instant, who, target_id, act_record, last_hash,
          encode(sha256(convert_to(last_hash || act_record, 'UTF8')), 'hex'));
  return null;
end;
$$;

create function shown_columns(columns_of jsonb, changed text[], hidden text[]) returns jsonb
  language sql immutable as $$
  select jsonb_object_agg(key, case when key = any (hidden) and value <> 'null'
                                    then '"(secret)"' else value end)
  from jsonb_each(columns_of) where key = any (changed)
$$;

-- Records the acts on a table from now on. A migration that adds one for admins calls it.
create function record_acts_on(table_name text, noun text) returns void language plpgsql as $$
begin
  execute format('create trigger %I after insert or update or delete on %I
    for each row execute function record_act(%L)', table_name || '_recorded', table_name, noun);
end;
$$;

select record_acts_on(table_name, noun) from (values
  ('workspaces', 'workspace'), ('members', 'member'), ('api_keys', 'api_key'),
  ('playbooks', 'playbook'), ('channel_accounts', 'channel_account'),
  ('channel_schedules', 'channel_schedule'), ('campaigns', 'campaign'), ('blackouts', 'blackout'),
  ('freezes', 'freeze'), ('calendar_feeds', 'calendar_feed'),
  ('webhook_endpoints', 'webhook_endpoint'), ('repairs', 'repair')
) as administered (table_name, noun);
