import { sql } from 'drizzle-orm';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { instant, memberIn } from './columns.ts';

export const comments = pgTable('comments', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  itemId: text('item_id').notNull(),
  authorId: text('author_id').notNull(),
  /** The author, unless they came by link and are no member. */
  authorMemberId: text('author_member_id').generatedAlwaysAs(memberIn('author_id')),
  visibility: text().$type<'internal' | 'shared'>().notNull(),
  /** Learnings come with a sign-off, beside its comment. */
  kind: text().$type<'comment' | 'learnings'>().notNull().default('comment'),
  text: text().notNull(),
  /** The command it came with: it is part of the thread once that is applied. */
  commandId: text('command_id'),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});
