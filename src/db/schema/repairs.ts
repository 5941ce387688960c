import { sql } from 'drizzle-orm';
import { jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/** Who repaired which finding, why, and what came of it. Append-only by trigger. */
export const repairs = pgTable('repairs', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  findingId: text('finding_id').notNull(),
  findingCode: text('finding_code').notNull(),
  itemId: text('item_id'),
  repair: text().notNull(),
  reason: text().notNull(),
  actorId: text('actor_id').notNull(),
  outcome: jsonb().$type<Record<string, unknown>>().notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});
