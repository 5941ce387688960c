import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytes, instant } from '../columns.ts';

/** Signed checkpoints of chain heads, each linked to the one before. Append-only by trigger. */
export const checkpoints = pgTable(
  'checkpoints',
  {
    workspaceId: text('workspace_id').notNull(),
    seq: integer().notNull(),
    at: instant().notNull(),
    keyId: text('key_id').notNull(),
    publicKey: text('public_key').notNull(),
    /** Lines `stream seq hash` of the heads that changed, gzipped. */
    heads: bytes().notNull(),
    headCount: integer('head_count').notNull(),
    headsHash: text('heads_hash').notNull(),
    prevHash: text('prev_hash').notNull(),
    hash: text().notNull(),
    signature: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.seq] })],
);

/** What of each chain the last checkpoint that has it tells. */
export const checkpointHeads = pgTable(
  'checkpoint_heads',
  {
    workspaceId: text('workspace_id').notNull(),
    stream: text().notNull(),
    seq: integer().notNull(),
    hash: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.stream] })],
);
