-- A source whose numbers settle later answers a checkpoint with provisional ones, and is asked once more after
-- that: when, by the item's own clock, and how often it had none for good yet. Null: its answer stands.
alter table checkpoint_replies
  add column settle_at timestamp(3) with time zone,
  add column settle_attempts integer not null default 0 check (settle_attempts >= 0),
  add constraint checkpoint_replies_settle_answers check (settle_at is null or state = 'answered');
create index checkpoint_replies_by_settling on checkpoint_replies (workspace_id, settle_at)
  where settle_at is not null;

-- What open items have been answered so far.
alter table readings no force row level security;
alter table items no force row level security;
alter table checkpoint_replies no force row level security;
update checkpoint_replies c set settle_at = c.asked_at + interval '3 days'
where c.state = 'answered' and c.checkpoint <> 'baseline'
  and exists (select from items i
              where i.workspace_id = c.workspace_id and i.id = c.item_id and i.closed_at is null)
  and exists (select from readings r
              where r.workspace_id = c.workspace_id and r.item_id = c.item_id and r.provisional
                and r.idempotency_key like 'collected:' || c.publication_id || ':' || c.checkpoint
                                           || ':' || c.source || ':%');
alter table readings force row level security;
alter table items force row level security;
alter table checkpoint_replies force row level security;
