import { sql } from 'drizzle-orm';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

export const channelSessions = pgTable('channel_sessions', {
  channelAccountId: text('channel_account_id').primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  /** Encrypted by the layer above. */
  sealed: text().notNull(),
  updatedAt: instant('updated_at').notNull().default(sql`now()`),
});
