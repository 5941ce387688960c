import { sql } from 'drizzle-orm';
import { integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Brief } from '../../domain/item/content/brief.ts';
import type { Draft } from '../../domain/item/content/draft.ts';
import { instant } from './columns.ts';

/** Immutable versions that the run took, addressed by their hash. */
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

/**
 * A text that was sent with a command that has no verdict yet. A trigger makes it a version with the
 * event of its command, another drops it with the refusal.
 */
export const commandTexts = pgTable('command_texts', {
  commandId: text('command_id').primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  kind: text().$type<'brief' | 'draft'>().notNull(),
  version: integer().notNull(),
  hash: text().notNull(),
  body: jsonb().$type<Brief | Draft>().notNull(),
  authorId: text('author_id').notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});
