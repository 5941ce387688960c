import { sql } from 'drizzle-orm';
import { bigint, boolean, date, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/** Links as they were sent: what a post holds, and where it leads. */
export const outgoingLinks = pgTable('outgoing_links', {
  /** Code of the short link. */
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  publicationId: text('publication_id').notNull(),
  channel: text().notNull(),
  written: text().notNull(),
  target: text().notNull(),
  address: text().notNull(),
  isShort: boolean('is_short').notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});

/** Clicks on short links, by day (UTC). */
export const linkClicks = pgTable(
  'link_clicks',
  {
    linkId: text('link_id').notNull(),
    workspaceId: text('workspace_id').notNull(),
    day: date().notNull(),
    clicks: bigint({ mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.linkId, table.day] })],
);
