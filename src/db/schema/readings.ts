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
import type { MeasureId } from '../../domain/kpi/measures.ts';
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
  /** How the source defines the measure. */
  definition: text(),
  source: text().notNull(),
  /** The source may still change it. */
  provisional: boolean().notNull().default(false),
  idempotencyKey: text('idempotency_key'),
  createdBy: text('created_by'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
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

/** The readings that count, by part of an item: they follow from `readings`, and are renewed from it. */
export const readingCells = pgTable(
  'reading_cells',
  {
    workspaceId: text('workspace_id').notNull(),
    itemId: text('item_id').notNull(),
    /** Both empty: the item itself. */
    publicationId: text('publication_id').notNull(),
    channelAccountId: text('channel_account_id').notNull(),
    series: text().array().notNull(),
    amounts: doublePrecision().array().notNull(),
    asOf: instant('as_of').array().notNull(),
    readingIds: text('reading_ids').array().notNull(),
  },
  (table) => [
    primaryKey({
      columns: [table.workspaceId, table.itemId, table.publicationId, table.channelAccountId],
    }),
  ],
);

/** Items that got readings which their cells do not hold yet. */
export const readingAdditions = pgTable('reading_additions', {
  id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
});
