import { sql } from 'drizzle-orm';
import { jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { Brief } from '../../domain/item/content/brief.ts';
import type { KpiTarget } from '../../domain/kpi/targets.ts';
import { instant } from './columns.ts';

export const campaigns = pgTable('campaigns', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  name: text().notNull(),
  goal: text().$type<NonNullable<Brief['goal']>>().notNull(),
  startsAt: instant('starts_at'),
  endsAt: instant('ends_at'),
  kpiTargets: jsonb('kpi_targets').$type<KpiTarget[]>().notNull().default([]),
  /** When its gate opened; null while its items may not be scheduled. */
  releasedAt: instant('released_at'),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});
