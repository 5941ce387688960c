import { doublePrecision, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/** What a channel account may still write; a token bucket per account. */
export const channelBudgets = pgTable(
  'channel_budgets',
  {
    workspaceId: text('workspace_id').notNull(),
    channelAccountId: text('channel_account_id').notNull(),
    tokens: doublePrecision().notNull(),
    refilledAt: instant('refilled_at').notNull(),
    bannedUntil: instant('banned_until'),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.channelAccountId] })],
);
