-- A decision on a campaign that nobody agreed to is made again; its review is due at an instant.

alter table campaign_reviews
  -- Of reviews of before: when they opened.
  add column due_at timestamp(3) with time zone;
create index campaign_reviews_due
  on campaign_reviews (workspace_id, (coalesce(due_at, opened_at)), campaign_id);

alter table campaign_sign_offs
  -- Counts the decisions: each has signatures of its own.
  add column round integer not null default 1 check (round > 0),
  drop constraint campaign_sign_offs_pkey,
  add primary key (campaign_id, round, role);
