import { sql } from 'drizzle-orm';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

export const credentialRefusals = pgTable('credential_refusals', {
  channelAccountId: text('channel_account_id').primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  refusedAt: instant('refused_at').notNull().default(sql`now()`),
  /** The network's own words. */
  why: text().notNull(),
});
