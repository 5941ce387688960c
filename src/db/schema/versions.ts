import { sql } from 'drizzle-orm';
import { integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Brief } from '../../domain/item/brief.ts';
import type { Draft } from '../../domain/item/draft.ts';
import { instant } from './columns.ts';

/** Immutable versions, addressed by their hash. One that no run refers to is harmless. */
export const briefs = pgTable(
  'briefs',
  {
    itemId: text('item_id').notNull(),
    version: integer().notNull(),
    workspaceId: text('workspace_id').notNull(),
    hash: text().notNull(),
    body: jsonb().$type<Brief>().notNull(),
    authorId: text('author_id').notNull(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.itemId, table.version] })],
);

export const drafts = pgTable(
  'drafts',
  {
    itemId: text('item_id').notNull(),
    version: integer().notNull(),
    workspaceId: text('workspace_id').notNull(),
    hash: text().notNull(),
    body: jsonb().$type<Draft>().notNull(),
    authorId: text('author_id').notNull(),
    createdAt: instant('created_at').notNull().default(sql`now()`),
  },
  (table) => [primaryKey({ columns: [table.itemId, table.version] })],
);
