import { sql } from 'drizzle-orm';
import { bigint, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from '../columns.ts';

/** What has to be told, written with what it tells of. The dispatcher empties it. */
export const outbox = pgTable('outbox', {
  /** Also the id of the event outside. */
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  /** Events of one stream are told in order: the item, or the workspace. */
  stream: text().notNull(),
  itemId: text('item_id'),
  /** Of the item's event; null for what is not in its chain. */
  seq: integer(),
  /** Counts the rows of one event. */
  ordinal: integer(),
  position: bigint({ mode: 'number' }).generatedAlwaysAsIdentity(),
  type: text().notNull(),
  payload: jsonb().$type<Record<string, unknown>>().notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
  notBefore: instant('not_before').notNull().default(sql`now()`),
  failures: integer().notNull().default(0),
});
