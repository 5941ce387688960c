import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/** What was done to a workspace itself, chained. Written by the triggers of what it tells of, and by nothing else. */
export const administrativeActs = pgTable(
  'administrative_acts',
  {
    workspaceId: text('workspace_id').notNull(),
    seq: integer().notNull(),
    at: instant().notNull(),
    actor: text().notNull(),
    target: text().notNull(),
    /** The act as JSON text: what the hash covers. */
    record: text().notNull(),
    prevHash: text('prev_hash').notNull(),
    hash: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.seq] })],
);
