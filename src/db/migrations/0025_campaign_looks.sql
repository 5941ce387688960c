-- Which campaigns are called first, how long one has been busy, and what acts gave to items.

alter table campaign_runs
  -- When the sweep called it last: those that do not answer let others have their turn.
  add column swept_at timestamp(3) with time zone,
  -- Since when each look left something to be done soon.
  add column busy_since timestamp(3) with time zone;

create index commands_of_campaigns on commands (workspace_id, item_id, created_at)
  where source = 'campaign';
