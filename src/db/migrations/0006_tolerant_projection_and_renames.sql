-- An instant as the domain writes it, or null: whatever else a snapshot holds in its place must not
-- stop the statement that moves the item's row. The years are those that JavaScript reads back.
create function instant_or_null(value text) returns timestamptz language sql stable as $$
  select case
    when value ~ '^[12]\d{3}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$'
      and pg_input_is_valid(value, 'timestamptz') then value::timestamptz
  end
$$;

-- As in 0005, but with times that are read instead of cast. A record without a readable time is left
-- as it was: a calendar has no place for it. An embargo that cannot be read masks the title for good,
-- because what it protects is not ours to show.
create or replace function project_publications() returns trigger language plpgsql as $$
declare
  records jsonb := coalesce(new.snapshot #> '{context,publications}', '[]');
  stated text := new.snapshot #>> '{context,brief,embargoUntil}';
  embargo timestamptz := case
    when stated is not null then coalesce(instant_or_null(stated), '2999-12-31T23:59:59Z')
  end;
begin
  insert into publications as p
    (id, workspace_id, item_id, channel_account_id, channel, slot_number, state, at, local, zone,
     tz_version, published_at, permalink, evidence, released, embargo_until, changed_seq)
  select r.id, new.workspace_id, new.id, r."channelAccountId", r.channel, r."slotNumber", r.state,
         instant_or_null(r.at), r.local, r.zone, r."tzVersion", instant_or_null(r."publishedAt"),
         r.permalink, r.evidence, coalesce(r.released, false), embargo, new.seq
  from jsonb_to_recordset(records) as r (
    id text, "channelAccountId" text, channel text, "slotNumber" integer, state text,
    at text, local text, zone text, "tzVersion" text, "publishedAt" text,
    permalink text, evidence text, released boolean)
  where instant_or_null(r.at) is not null
  on conflict (id) do update set
    state = excluded.state, at = excluded.at, local = excluded.local, zone = excluded.zone,
    tz_version = excluded.tz_version, published_at = excluded.published_at,
    permalink = excluded.permalink, evidence = excluded.evidence, released = excluded.released,
    embargo_until = excluded.embargo_until, changed_seq = excluded.changed_seq,
    changed_at = now()
  where p.item_id = excluded.item_id
    and (p.state, p.at, p.local, p.zone, p.tz_version, p.published_at, p.permalink, p.evidence,
         p.released, p.embargo_until)
        is distinct from
        (excluded.state, excluded.at, excluded.local, excluded.zone, excluded.tz_version,
         excluded.published_at, excluded.permalink, excluded.evidence, excluded.released,
         excluded.embargo_until);
  return null;
end;
$$;

-- How often an item or a channel account got another name: both are in the title of a calendar entry,
-- whose SEQUENCE has to go up with it. Rows of their own, so that a rename touches no publication and
-- waits for no projection.
create table renames (
  subject_id text primary key,
  workspace_id text not null references workspaces (id),
  count integer not null default 1,
  last_at timestamp(3) with time zone not null default now()
);

create function count_rename() returns trigger language plpgsql as $$
begin
  insert into renames as r (subject_id, workspace_id) values (new.id, new.workspace_id)
  on conflict (subject_id) do update set count = r.count + 1, last_at = now();
  return null;
end;
$$;
create trigger items_renamed after update of title on items for each row
  when (old.title is distinct from new.title) execute function count_rename();
create trigger channel_accounts_renamed after update of name on channel_accounts for each row
  when (old.name is distinct from new.name) execute function count_rename();

-- Where the handle was left out, an account logged in under its name: it does so under every later one.
update channel_accounts set settings = settings || jsonb_build_object('handle', trim(name))
  where channel = 'bluesky' and not settings ? 'handle'
    and trim(name) ~* '^(@?[a-z0-9.-]{3,253}|did:[a-z]+:[a-z0-9_.:%-]{1,200})$';
