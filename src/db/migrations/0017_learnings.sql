-- What sign-offs teach, a row for each claim, with what the brief of their item was about: that is how
-- they are found for another one. A row counts once its command has an event.
create table learnings (
  id text primary key,
  workspace_id text not null,
  item_id text not null,
  review_id text not null,
  command_id text not null,
  position integer not null check (position >= 0),
  claim text not null check (claim <> ''),
  evidence text,
  confidence text check (confidence in ('low', 'medium', 'high')),
  author_id text not null,
  pillar text,
  audience text,
  formats text[] not null,
  created_at timestamp(3) with time zone not null default now(),
  constraint learnings_once_per_command unique (command_id, position),
  foreign key (workspace_id, item_id) references items (workspace_id, id),
  foreign key (workspace_id, author_id) references members (workspace_id, id)
);
create index learnings_newest on learnings (workspace_id, created_at, id);
create index learnings_by_review on learnings (workspace_id, item_id, review_id);

-- What a refused sign-off would have taught was never said.
create function drop_refused_learnings() returns trigger language plpgsql as $$
begin
  delete from learnings where workspace_id = new.workspace_id and command_id = new.id;
  return null;
end;
$$;
create trigger commands_drop_learnings after update of state on commands for each row
  when (new.type = 'sign_off' and new.state in ('refused', 'expired') and old.state = 'pending')
  execute function drop_refused_learnings();

-- The item that carries on a review: one for each review, whoever asks and however often.
create table review_successors (
  workspace_id text not null,
  review_id text not null,
  source_item_id text not null,
  item_id text not null unique,
  command_id text not null,
  created_at timestamp(3) with time zone not null default now(),
  primary key (workspace_id, review_id),
  foreign key (workspace_id, source_item_id) references items (workspace_id, id),
  foreign key (workspace_id, item_id) references items (workspace_id, id)
);
create index review_successors_of_item on review_successors (workspace_id, source_item_id);

select close_workspaces();
