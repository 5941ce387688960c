import { sql } from 'drizzle-orm';
import { integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { CampaignActKind, ReleaseRule, Stakeholder } from '../../domain/campaign/campaign.ts';
import type { Brief } from '../../domain/item/content/brief.ts';
import type { SignOff } from '../../domain/item/record-schema.ts';
import type { Recommendation } from '../../domain/kpi/recommendation.ts';
import type { KpiTarget } from '../../domain/kpi/targets.ts';
import type { ReviewVerdicts } from '../../domain/kpi/verdict-schema.ts';
import type { OwnerRole } from '../../domain/people/roles.ts';
import { instant } from './columns.ts';

export const campaigns = pgTable('campaigns', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  name: text().notNull(),
  goal: text().$type<NonNullable<Brief['goal']>>().notNull(),
  startsAt: instant('starts_at'),
  endsAt: instant('ends_at'),
  kpiTargets: jsonb('kpi_targets').$type<KpiTarget[]>().notNull().default([]),
  /** What opens its gate. */
  release: text().$type<ReleaseRule>().notNull().default('at_once'),
  /** When its gate opened; null while its items may not be scheduled. */
  releasedAt: instant('released_at'),
  budgetNote: text('budget_note').notNull().default(''),
  stakeholders: jsonb().$type<Stakeholder[]>().notNull().default([]),
  pausedAt: instant('paused_at'),
  cancelledAt: instant('cancelled_at'),
  cancelReason: text('cancel_reason'),
  /** When its review was signed. */
  closedAt: instant('closed_at'),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});

/** What somebody asked of every item of a campaign. */
export const campaignActs = pgTable('campaign_acts', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  campaignId: text('campaign_id').notNull(),
  kind: text().$type<CampaignActKind>().notNull(),
  reason: text(),
  /** A member, or `system`. */
  actor: text().notNull(),
  /** The pause that this resumption ends. */
  endsAct: text('ends_act'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  settledAt: instant('settled_at'),
});

/** When the run of a campaign looked, and when it will. */
export const campaignRuns = pgTable('campaign_runs', {
  campaignId: text('campaign_id').primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  calledAt: instant('called_at').notNull().default(sql`now()`),
  lookedAt: instant('looked_at'),
  /** Stays where it is until a look ends: one that never ends is late. */
  nextLookAt: instant('next_look_at').notNull().default(sql`now()`),
  endedAt: instant('ended_at'),
  /** When the sweep called it last. */
  sweptAt: instant('swept_at'),
  /** Since when looks only wait for items to show what was said to them. */
  busySince: instant('busy_since'),
});

/** What a review of a campaign holds for good. */
export interface FrozenCampaignReview {
  targets: KpiTarget[];
  verdicts: ReviewVerdicts;
  /** Reviews of before have none. */
  recommendation?: Recommendation;
  /** Its items, of which the readings were taken. */
  itemIds: string[];
}

/** Append-only, by trigger. */
export const campaignReviews = pgTable('campaign_reviews', {
  campaignId: text('campaign_id').primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  /** Over targets, readings and verdicts. */
  hash: text().notNull(),
  body: jsonb().$type<FrozenCampaignReview>().notNull(),
  /** A member, or `system`. */
  openedBy: text('opened_by').notNull(),
  openedAt: instant('opened_at').notNull().default(sql`now()`),
  /** When it should be signed; reviews of before are due when they opened. */
  dueAt: instant('due_at'),
});

/** Append-only, by trigger. */
export const campaignSignOffs = pgTable(
  'campaign_sign_offs',
  {
    campaignId: text('campaign_id').notNull(),
    workspaceId: text('workspace_id').notNull(),
    /** Counts the decisions: each has signatures of its own. */
    round: integer().notNull().default(1),
    role: text().$type<OwnerRole>().notNull(),
    memberId: text('member_id').notNull(),
    decision: text().$type<SignOff['decision']>().notNull(),
    comment: text(),
    learnings: text(),
    at: instant().notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.campaignId, table.round, table.role] })],
);
