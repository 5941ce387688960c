import { bigint, doublePrecision, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from '../columns.ts';

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
    /** A hash of the series: parts of one shape are added up entry by entry. */
    shape: text().notNull(),
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
