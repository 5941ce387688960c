import { type SQL, sql } from 'drizzle-orm';
import { findingSubject } from '../../domain/audit/finding.ts';
import {
  FINDING_CODES,
  FINDING_KINDS,
  type FindingCode,
  rankOf,
} from '../../domain/audit/finding-catalogue.ts';
import { ALARM_CODES, type AlarmCode } from '../../domain/item/alarms.ts';
import type { Role } from '../../domain/people/roles.ts';
import type { Db } from '../client.ts';
import { expiringTokens } from './account-checks.ts';
import { alarmsOff } from './alarms.ts';
import { unattendedCampaigns } from './campaign-checks.ts';
import { failingDeliveries } from './delivery-checks.ts';
import { ABSENT_OWNERS, INACTIVE_OWNERS, staleApprovals, UNASSIGNED } from './people-checks.ts';
import {
  commandsWithoutVerdict,
  divergedRows,
  eventGaps,
  expiredCommands,
} from './record-checks.ts';
import { failingSources, refusingSources } from './source-checks.ts';
import { type AuditScope, iso, openItems } from './sql.ts';

/** Something found, before it is known whom it waits for. */
export interface Observation {
  id: string;
  code: FindingCode;
  /** Null: it is about no item. */
  itemId: string | null;
  /** ISO instant with milliseconds. */
  since: string;
  evidence: Record<string, unknown>;
}

/** Place in the list: worst first, then longest, then by id. */
export interface FindingPosition {
  rank: number;
  since: string;
  id: string;
}

export type TableCode = {
  [C in FindingCode]: (typeof FINDING_KINDS)[C]['source'] extends 'tables' ? C : never;
}[FindingCode];

/** The findings that the alarms of a row say. */
const ALARMS = Object.fromEntries(
  ALARM_CODES.map((code) => [code, (scope: AuditScope) => alarmsOff(scope, code)]),
) as Record<AlarmCode, (scope: AuditScope) => SQL>;

const CHECKS: Record<TableCode, (scope: AuditScope) => SQL> = {
  ...ALARMS,
  unassigned: () => UNASSIGNED,
  owner_inactive: () => INACTIVE_OWNERS,
  owner_absent: () => ABSENT_OWNERS,
  stale_approval: staleApprovals,
  token_expiring: expiringTokens,
  command_without_verdict: commandsWithoutVerdict,
  row_diverged: divergedRows,
  command_expired: expiredCommands,
  event_gap: eventGaps,
  delivery_failing: failingDeliveries,
  metric_source_failing: failingSources,
  metric_source_refused: refusingSources,
  campaign_unattended: unattendedCampaigns,
};

/** Codes that the tables alone answer. */
export const TABLE_CODES = FINDING_CODES.filter(
  (code): code is TableCode => FINDING_KINDS[code].source === 'tables',
);

export interface TableQuestion extends AuditScope {
  codes: readonly TableCode[];
  /** Findings at most. */
  limit: number;
  /** Only what comes after this place in the list. */
  after?: FindingPosition | undefined;
  /** Only this finding, whoever was told of it under this id. */
  id?: string | undefined;
  /** Only of items that wait for this role, or for this member. */
  role?: Role | undefined;
  memberId?: string | undefined;
}

/** What the tables say is stuck in a workspace, in the order of the list. */
export async function findInTables(db: Db, question: TableQuestion): Promise<Observation[]> {
  if (question.codes.length === 0) return [];
  const checks = question.codes.map(
    (code) => sql`
select ${code}::text as code, ${rankOf(code)}::integer as rank, c.item_id, c.subject, c.since,
  c.evidence
from (${CHECKS[code](question)}) c`,
  );
  const { rows } = await db.execute<{
    id: string;
    code: TableCode;
    item_id: string | null;
    since: string;
    evidence: Record<string, unknown>;
  }>(sql`
with ${openItems(question)}, found as (
  select f.*, 'fnd_' || left(
    encode(sha256(convert_to(f.code || ' ' || f.subject, 'UTF8')), 'hex'), 26) as id
  from (${sql.join(checks, sql` union all `)}) f
)
select f.id, f.code, f.item_id, ${iso(sql`f.since`)} as since, f.evidence
from found f
where ${sql.join([sql`true`, ...conditionsOf(question)], sql` and `)}
order by f.rank, f.since, f.id collate "C"
limit ${question.limit}`);
  return rows.map(({ item_id: itemId, ...fact }) => ({ ...fact, itemId }));
}

function conditionsOf({ workspaceId, after, id, role, memberId }: TableQuestion): SQL[] {
  const waits = (part: object) => sql`exists (
    select from items i where i.id = f.item_id and i.workspace_id = ${workspaceId}
      and i.waiting_on @> ${JSON.stringify([part])}::jsonb)`;
  return [
    ...(id === undefined ? [] : [sql`starts_with(f.id, ${findingSubject(id)})`]),
    ...(role === undefined ? [] : [waits({ role })]),
    ...(memberId === undefined ? [] : [waits({ memberId })]),
    ...(after === undefined
      ? []
      : [
          sql`(f.rank, f.since, f.id collate "C")
            > (${after.rank}::integer, ${after.since}::timestamptz, ${after.id})`,
        ]),
  ];
}
