-- A text that was sent becomes a version when its command is applied: until then it waits here, and a
-- refused command takes it along. Who may not write leaves no text under any name.
alter table commands add constraint commands_of_workspace unique (workspace_id, id);
create table command_texts (
  command_id text primary key,
  workspace_id text not null,
  item_id text not null,
  kind text not null check (kind in ('brief', 'draft')),
  version integer not null check (version >= 1),
  hash text not null,
  body jsonb not null,
  author_id text not null,
  created_at timestamp(3) with time zone not null default now(),
  foreign key (workspace_id, command_id) references commands (workspace_id, id),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  foreign key (workspace_id, author_id) references members (workspace_id, id)
);
create index command_texts_by_item on command_texts (item_id, kind);

-- In the statement that records the event, whoever records it: a version is there as soon as the event.
create function keep_applied_text() returns trigger language plpgsql as $$
declare
  text_sent command_texts;
begin
  delete from command_texts where command_id = new.command_id and item_id = new.item_id
  returning * into text_sent;
  if not found then
    return null;
  end if;
  execute format('insert into %I (item_id, version, workspace_id, hash, body, author_id, created_at)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict (item_id, hash) do nothing', text_sent.kind || 's')
  using text_sent.item_id, text_sent.version, text_sent.workspace_id, text_sent.hash, text_sent.body,
    text_sent.author_id, text_sent.created_at;
  return null;
end;
$$;
create trigger item_events_keep_text after insert on item_events for each row
  when (new.command_id is not null and new.type in ('brief.saved', 'draft.saved'))
  execute function keep_applied_text();

create function drop_refused_texts() returns trigger language plpgsql as $$
begin
  delete from command_texts where command_id = new.id;
  delete from comments where command_id = new.id;
  return null;
end;
$$;
create trigger commands_drop_texts after update of state on commands for each row
  when (new.state = 'refused')
  execute function drop_refused_texts();

-- Requests counted for all API processes, as rate-limiter-flexible counts them. Lost with a crash of the
-- server, which is fine: a count lives for a second.
create unlogged table rate_limits (
  key text primary key,
  points integer not null default 0,
  expire bigint
);
