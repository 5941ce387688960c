-- What a sign-off teaches is a text of its own, beside the comment of the same command.
alter table comments
  add column kind text not null default 'comment' check (kind in ('comment', 'learnings')),
  drop constraint comments_command_id_key,
  add constraint comments_once_per_command unique (command_id, kind);
