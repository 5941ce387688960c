import { sql } from 'drizzle-orm';
import { integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { Playbook } from '../../domain/playbook/playbook.ts';
import { instant } from './columns.ts';

/** A version never changes: items pin it. */
export const playbooks = pgTable('playbooks', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  name: text().notNull(),
  version: integer().notNull(),
  data: jsonb().$type<Playbook>().notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});
