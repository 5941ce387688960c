import { sql } from 'drizzle-orm';
import { boolean, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/** Runs that commands wait for: one that answers has no row. */
export const commandQueues = pgTable('command_queues', {
  itemId: text('item_id').primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  /** Attempts in a row without an answer. */
  failures: integer().notNull().default(0),
  /** Did not answer some attempts in a row: such runs share a part of the drainer's places. */
  isSilent: boolean('is_silent').notNull().default(false),
  /** While somebody works the queue: until when it is theirs. */
  nextAttemptAt: instant('next_attempt_at').notNull().default(sql`now()`),
  attemptedAt: instant('attempted_at'),
  /** Times somebody took it. */
  turn: integer().notNull().default(0),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});
