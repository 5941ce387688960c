import { jsonb, pgTable, primaryKey, smallint, text } from 'drizzle-orm/pg-core';
import type { CouldNotAsk } from '../../../domain/audit/finding.ts';
import type { FindingCode, Severity } from '../../../domain/audit/finding-catalogue.ts';
import type { WaitingOn } from '../../../domain/item/responsible.ts';
import { instant } from '../columns.ts';

export const CLOSED_BECAUSE = ['gone', 'item_closed', 'repaired'] as const;
export type ClosedBecause = (typeof CLOSED_BECAUSE)[number];

/** What the watch found: a row from when a finding was opened until it is closed. */
export const findings = pgTable(
  'findings',
  {
    workspaceId: text('workspace_id').notNull(),
    /** As the workspace is told it. */
    id: text().notNull(),
    code: text().$type<FindingCode>().notNull(),
    severity: text().$type<Severity>().notNull(),
    rank: smallint().notNull(),
    itemId: text('item_id'),
    since: instant('since').notNull(),
    waitingOn: jsonb('waiting_on').$type<WaitingOn[]>().notNull(),
    evidence: jsonb().$type<Record<string, unknown>>().notNull(),
    openedAt: instant('opened_at').notNull(),
    lastSeenAt: instant('last_seen_at').notNull(),
    /** The first look that did not see it any more: the second one closes it. */
    missedAt: instant('missed_at'),
    closedAt: instant('closed_at'),
    closedBecause: text('closed_because').$type<ClosedBecause>(),
  },
  ({ workspaceId, id, openedAt }) => [primaryKey({ columns: [workspaceId, id, openedAt] })],
);

/** The last look at each workspace. */
export const watches = pgTable('watches', {
  workspaceId: text('workspace_id').primaryKey(),
  lookedAt: instant('looked_at').notNull(),
  couldNotAsk: jsonb('could_not_ask').$type<CouldNotAsk[]>().notNull(),
});
