import { sql } from 'drizzle-orm';
import { boolean, doublePrecision, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from '../columns.ts';

/** Connections to systems that numbers come from. */
export const metricSources = pgTable('metric_sources', {
  id: text().primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  kind: text().notNull(),
  name: text().notNull(),
  config: jsonb().$type<Record<string, unknown>>().notNull().default({}),
  zone: text().notNull(),
  /** Hosts of the pages that it knows; empty: of all. */
  sites: text().array().notNull().default([]),
  /** Whose posts it is asked for; empty: of all. */
  channelAccountIds: text('channel_account_ids').array().notNull().default([]),
  /** Sealed. */
  credentials: text(),
  active: boolean().notNull().default(true),
  createdAt: instant('created_at').notNull().default(sql`now()`),
});

/** How it goes with a source. */
export const metricSourceHealth = pgTable('metric_source_health', {
  /** Of a connection, or `mastodon:cha_…`. */
  sourceId: text('source_id').primaryKey(),
  workspaceId: text('workspace_id').notNull(),
  kind: text().notNull(),
  channelAccountId: text('channel_account_id'),
  checkedAt: instant('checked_at'),
  checkDetail: text('check_detail'),
  lastSuccessAt: instant('last_success_at'),
  /** In a row. */
  failures: integer().notNull().default(0),
  failingSince: instant('failing_since'),
  lastFailureAt: instant('last_failure_at'),
  lastFailure: text('last_failure'),
  refusedAt: instant('refused_at'),
  quietUntil: instant('quiet_until'),
  tokens: doublePrecision(),
  refilledAt: instant('refilled_at'),
  lastTurnAt: instant('last_turn_at'),
});
