import { and, desc, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { CouldNotAsk } from '../../domain/audit/finding.ts';
import type { FindingCode, Severity } from '../../domain/audit/finding-catalogue.ts';
import type { WaitingOn } from '../../domain/item/responsible.ts';
import type { Db } from '../client.ts';
import { ifGiven } from '../conditions.ts';
import { type Page, type PageRequest, pageBy } from '../paging.ts';
import type { ClosedBecause } from '../schema/audit/findings.ts';
import { findings, watches } from '../schema/index.ts';

export type StoredFinding = typeof findings.$inferSelect;

/** A finding as a look sees it. */
export interface SeenFinding {
  /** As the workspace is told it. */
  id: string;
  code: FindingCode;
  severity: Severity;
  rank: number;
  itemId: string | null;
  since: string;
  waitingOn: WaitingOn[];
  evidence: Record<string, unknown>;
}

/** One look at a workspace. */
export interface Look {
  workspaceId: string;
  /** ISO instant at which it began. */
  lookedAt: string;
  seen: readonly SeenFinding[];
  couldNotAsk: readonly CouldNotAsk[];
  /** Open findings that the look says nothing about: their ids. */
  unknown: readonly string[];
}

/** What a look changed. */
export interface LookChanges {
  opened: StoredFinding[];
  closed: StoredFinding[];
}

/**
 * Holds a workspace's findings until the transaction ends, for a look that began later than the last
 * one; two looks at once change them one after the other.
 * @returns false when a later look was stored already: this one says nothing more.
 */
export async function beginLook(
  tx: Db,
  { workspaceId, lookedAt, couldNotAsk }: Look,
): Promise<boolean> {
  const began = await tx
    .insert(watches)
    .values({ workspaceId, lookedAt, couldNotAsk: [...couldNotAsk] })
    .onConflictDoUpdate({
      target: watches.workspaceId,
      set: { lookedAt, couldNotAsk: [...couldNotAsk] },
      setWhere: sql`${watches.lookedAt} < ${lookedAt}`,
    })
    .returning({ workspaceId: watches.workspaceId });
  return began.length > 0;
}

/** Opens what is new and notes what is still there. @returns what is new. */
export async function openFindings(
  tx: Db,
  { workspaceId, lookedAt, seen }: Look,
): Promise<StoredFinding[]> {
  if (seen.length === 0) return [];
  const rows = seen.map(({ waitingOn, itemId, ...finding }) => ({
    ...finding,
    item_id: itemId,
    waiting_on: waitingOn,
  }));
  const { rows: opened } = await tx.execute<{ id: string }>(sql`
insert into findings as f (workspace_id, id, code, severity, rank, item_id, since, waiting_on, evidence,
  opened_at, last_seen_at)
select ${workspaceId}, s.id, s.code, s.severity, s.rank, s.item_id, s.since, s.waiting_on, s.evidence,
  ${lookedAt}::timestamptz, ${lookedAt}::timestamptz
from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as s(id text, code text, severity text,
  rank smallint, item_id text, since timestamptz, waiting_on jsonb, evidence jsonb)
on conflict (workspace_id, id) where closed_at is null do update
set severity = excluded.severity, rank = excluded.rank, since = excluded.since,
  waiting_on = excluded.waiting_on, evidence = excluded.evidence,
  last_seen_at = excluded.last_seen_at, missed_at = null
returning f.id, f.opened_at = f.last_seen_at as is_new`);
  const isNew = new Set(
    opened.filter((row) => Reflect.get(row, 'is_new') === true).map(({ id }) => id),
  );
  return seen
    .filter(({ id }) => isNew.has(id))
    .map((finding) => ({
      ...finding,
      workspaceId,
      openedAt: lookedAt,
      lastSeenAt: lookedAt,
      missedAt: null,
      closedAt: null,
      closedBecause: null,
    }));
}

/**
 * Closes what two looks in a row did not see. What this one says nothing about stays as it is.
 * @returns what was closed.
 */
export async function closeFindings(
  tx: Db,
  { workspaceId, lookedAt, seen, unknown }: Look,
): Promise<StoredFinding[]> {
  const kept = [...seen.map(({ id }) => id), ...unknown];
  const isGone = and(
    eq(findings.workspaceId, workspaceId),
    isNull(findings.closedAt),
    sql`${findings.id} <> all (${sql.param(kept)}::text[])`,
  );
  const closed = await tx
    .update(findings)
    .set({
      closedAt: sql`${lookedAt}::timestamptz`,
      closedBecause: sql<ClosedBecause>`case
        when exists (select from repairs r where r.workspace_id = ${findings.workspaceId}
          and r.finding_id = ${findings.id} and r.created_at >= ${findings.openedAt}) then 'repaired'
        when exists (select from items i where i.workspace_id = ${findings.workspaceId}
          and i.id = ${findings.itemId} and i.closed_at is not null) then 'item_closed'
        else 'gone' end`,
    })
    .where(and(isGone, isNotNull(findings.missedAt)))
    .returning();
  await tx
    .update(findings)
    .set({ missedAt: sql`${lookedAt}::timestamptz` })
    .where(and(isGone, isNull(findings.missedAt)));
  return closed;
}

/** Every open finding of a workspace: what it is about. */
export async function listOpenFindings(
  db: Db,
  { workspaceId }: { workspaceId: string },
): Promise<Pick<StoredFinding, 'id' | 'code' | 'itemId'>[]> {
  return db
    .select({ id: findings.id, code: findings.code, itemId: findings.itemId })
    .from(findings)
    .where(and(eq(findings.workspaceId, workspaceId), isNull(findings.closedAt)));
}

export interface HistoryFilter {
  open?: boolean | undefined;
  code?: FindingCode | undefined;
  severity?: Severity | undefined;
  itemId?: string | undefined;
}

/** What was found, the latest first. */
export async function listFindings(
  db: Db,
  {
    workspaceId,
    open,
    code,
    severity,
    itemId,
    ...request
  }: PageRequest & HistoryFilter & { workspaceId: string },
): Promise<Page<StoredFinding>> {
  const page = pageBy(findings, 'openedAt', request, desc);
  const rows = await db
    .select()
    .from(findings)
    .where(
      and(
        eq(findings.workspaceId, workspaceId),
        ...ifGiven(open, (is) => (is ? isNull(findings.closedAt) : isNotNull(findings.closedAt))),
        ...ifGiven(code, (is) => eq(findings.code, is)),
        ...ifGiven(severity, (is) => eq(findings.severity, is)),
        ...ifGiven(itemId, (is) => eq(findings.itemId, is)),
        page.after,
      ),
    )
    .orderBy(...page.order)
    .limit(page.limit);
  return page.of(rows);
}
