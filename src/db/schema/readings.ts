import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  doublePrecision,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core';
import type { AssetKind } from '../../domain/asset-kinds.ts';
import type { Learning } from '../../domain/kpi/learning.ts';
import type { MeasureId } from '../../domain/kpi/measures.ts';
import type { ComparedPart } from '../../domain/kpi/past-figures.ts';
import { instant } from './columns.ts';

/** Measured numbers, append-only by trigger: a correction is a later reading. */
export const readings = pgTable('readings', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  publicationId: text('publication_id'),
  channelAccountId: text('channel_account_id'),
  /** A base measure, never a rate. */
  measure: text().$type<MeasureId>().notNull(),
  value: doublePrecision().notNull(),
  checkpoint: text(),
  asOf: instant('as_of').notNull(),
  source: text().notNull(),
  /** The source may still change it. */
  provisional: boolean().notNull().default(false),
  idempotencyKey: text('idempotency_key'),
  createdBy: text('created_by'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  /** How the source defines the measure. */
  definition: text(),
});

/** A review as it was frozen: targets, the readings used, the verdicts. Append-only by trigger. */
export const kpiReviews = pgTable('kpi_reviews', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  number: integer().notNull(),
  hash: text().notNull(),
  body: jsonb().$type<Record<string, unknown>>().notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});

/** Figures of reviewed pieces by age: later pieces are compared with them. */
export const kpiFigures = pgTable(
  'kpi_figures',
  {
    workspaceId: text('workspace_id').notNull(),
    itemId: text('item_id').notNull(),
    scope: text().notNull(),
    ageHours: integer('age_hours').notNull(),
    kind: text().$type<ComparedPart['kind']>().notNull(),
    channels: text().notNull(),
    formats: text().notNull(),
    publishedAt: instant('published_at').notNull(),
    /** Value by KPI and definition. */
    figures: jsonb().$type<Record<string, number>>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.workspaceId, table.itemId, table.scope, table.ageHours] }),
  ],
);
/** What sign-offs teach, with what the brief of their item was about. A row counts once its command has an event. */
export const learnings = pgTable('learnings', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  reviewId: text('review_id').notNull(),
  commandId: text('command_id').notNull(),
  /** Among those of one sign-off. */
  position: integer().notNull(),
  claim: text().notNull(),
  evidence: text(),
  confidence: text().$type<NonNullable<Learning['confidence']>>(),
  authorId: text('author_id').notNull(),
  pillar: text(),
  audience: text(),
  formats: text().array().$type<AssetKind[]>().notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});

/** The item that carries on a review: one for each review. */
export const reviewSuccessors = pgTable(
  'review_successors',
  {
    workspaceId: text('workspace_id').notNull(),
    reviewId: text('review_id').notNull(),
    sourceItemId: text('source_item_id').notNull(),
    itemId: text('item_id').notNull(),
    commandId: text('command_id').notNull(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.reviewId] })],
);

/** What each source said for a checkpoint: its readings stand once it has answered. */
export const checkpointReplies = pgTable(
  'checkpoint_replies',
  {
    workspaceId: text('workspace_id').notNull(),
    itemId: text('item_id').notNull(),
    publicationId: text('publication_id').notNull(),
    checkpoint: text().notNull(),
    source: text().notNull(),
    state: text().$type<'answered' | 'waits' | 'gave_up'>().notNull(),
    /** What it said instead of numbers. */
    reason: text(),
    attempts: integer().notNull(),
    /** Both by the item's own clock. */
    askedAt: instant('asked_at').notNull(),
    askAfter: instant('ask_after'),
    /** Its numbers were provisional: it is asked once more then, by the item's own clock. */
    settleAt: instant('settle_at'),
    /** How often it had none for good yet. */
    settleAttempts: integer('settle_attempts').notNull().default(0),
  },
  (table) => [
    primaryKey({
      columns: [table.workspaceId, table.publicationId, table.checkpoint, table.source],
    }),
  ],
);

/** Items that got readings after their review was frozen; the database notes them by trigger. */
export const lateReadings = pgTable(
  'late_readings',
  {
    workspaceId: text('workspace_id').notNull(),
    itemId: text('item_id').notNull(),
    times: bigint({ mode: 'number' }).notNull().default(1),
    notedAt: instant('noted_at').notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.itemId] })],
);

/** What late readings say beside a frozen review, and what was decided about it. */
export const kpiAddenda = pgTable('kpi_addenda', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  reviewNumber: integer('review_number').notNull(),
  number: integer().notNull(),
  hash: text().notNull(),
  body: jsonb().$type<Record<string, unknown>>().notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  decision: text(),
  reason: text(),
  decidedBy: text('decided_by'),
  decidedAt: instant('decided_at'),
});
