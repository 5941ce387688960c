import { sql } from 'drizzle-orm';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

export const comments = pgTable('comments', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  authorId: text('author_id').notNull(),
  visibility: text().$type<'internal' | 'shared'>().notNull(),
  /** Learnings come with a sign-off, beside its comment. */
  kind: text().$type<'comment' | 'learnings'>().notNull().default('comment'),
  text: text().notNull(),
  /** The command it came with: it is part of the thread once that is applied. */
  commandId: text('command_id'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});
