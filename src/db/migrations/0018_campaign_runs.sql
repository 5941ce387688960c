-- Campaigns as runs: their gate, what was asked of all their items at once, and when their run looks next.

alter table campaigns
  -- What opens the gate.
  add column release text not null default 'at_once'
    check (release in ('at_once', 'by_person', 'all_approved')),
  add column budget_note text not null default '',
  -- Members and addresses.
  add column stakeholders jsonb not null default '[]',
  add column paused_at timestamp(3) with time zone,
  add column cancelled_at timestamp(3) with time zone,
  add column cancel_reason text,
  -- Its review is signed.
  add column closed_at timestamp(3) with time zone;

-- What somebody asked of every item of a campaign. The run carries it out item by item.
create table campaign_acts (
  id text primary key,
  workspace_id text not null references workspaces (id),
  campaign_id text not null,
  kind text not null check (kind in ('release', 'pause', 'resume', 'cancel')),
  reason text,
  -- A member, or `system`.
  actor text not null,
  -- The pause that this resumption ends.
  ends_act text references campaign_acts (id),
  created_at timestamp(3) with time zone not null default now(),
  -- Every item has its answer.
  settled_at timestamp(3) with time zone,
  unique (workspace_id, id),
  foreign key (workspace_id, campaign_id) references campaigns (workspace_id, id),
  check ((ends_act is not null) = (kind = 'resume'))
);
create index campaign_acts_of_campaign on campaign_acts (campaign_id, created_at, id);

-- When the run of a campaign looked, and when it will: beside the campaign, whose changes are recorded acts.
create table campaign_runs (
  campaign_id text primary key,
  workspace_id text not null references workspaces (id),
  -- Something happened that it should see. It is called once until it has looked.
  called_at timestamp(3) with time zone not null default now(),
  looked_at timestamp(3) with time zone,
  next_look_at timestamp(3) with time zone not null default now(),
  ended_at timestamp(3) with time zone,
  foreign key (workspace_id, campaign_id) references campaigns (workspace_id, id)
);
create index campaign_runs_due on campaign_runs (next_look_at) where ended_at is null;

-- The one review of a campaign: frozen when it opens, signed by three roles.
create table campaign_reviews (
  campaign_id text primary key,
  workspace_id text not null references workspaces (id),
  hash text not null,
  body jsonb not null,
  opened_by text not null,
  opened_at timestamp(3) with time zone not null default now(),
  foreign key (workspace_id, campaign_id) references campaigns (workspace_id, id)
);
create trigger campaign_reviews_append_only before update or delete on campaign_reviews
  for each row execute function refuse_change();
create trigger campaign_reviews_no_truncate before truncate on campaign_reviews
  for each statement execute function refuse_change();

create table campaign_sign_offs (
  campaign_id text not null references campaign_reviews (campaign_id),
  workspace_id text not null references workspaces (id),
  role text not null check (role in ('strategist', 'creator', 'social_media_manager')),
  member_id text not null,
  decision text not null,
  comment text,
  learnings text,
  at timestamp(3) with time zone not null default now(),
  primary key (campaign_id, role),
  foreign key (workspace_id, member_id) references members (workspace_id, id)
);
create trigger campaign_sign_offs_append_only before update or delete on campaign_sign_offs
  for each row execute function refuse_change();
create trigger campaign_sign_offs_no_truncate before truncate on campaign_sign_offs
  for each statement execute function refuse_change();

drop index items_by_campaign;
create index items_by_campaign on items (workspace_id, campaign_id, id)
  where campaign_id is not null;

alter table commands
  drop constraint commands_source_check,
  add constraint commands_source_check
    check (source in ('http', 'webhook', 'link', 'cli', 'campaign'));

select close_workspaces();

-- The sweep calls runs that nobody hears of, of every workspace.
create policy unattended on campaign_runs for select
  using (ended_at is null and (select baton_setting('lookup')) = 'due_campaigns');

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

-- Which campaigns are called first, how long one has been busy, and what acts gave to items.

alter table campaign_runs
  -- When the sweep called it last: those that do not answer let others have their turn.
  add column swept_at timestamp(3) with time zone,
  -- Since when each look left something to be done soon.
  add column busy_since timestamp(3) with time zone;

create index commands_of_campaigns on commands (workspace_id, item_id, created_at)
  where source = 'campaign';
