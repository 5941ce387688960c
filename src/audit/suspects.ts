import type { FindingPosition } from '../db/audit/findings.ts';
import type { AuditRow } from '../db/audit/rows.ts';
import { findingId } from '../domain/audit/finding.ts';
import { rankOf } from '../domain/audit/finding-catalogue.ts';
import type { AuditMemory } from './audit-memory.ts';

/** Runs looked at in one call. */
export const LOOKS = 200;

export interface LookPlan {
  /** The rows whose runs are looked at now, the most suspicious first. */
  chosen: AuditRow[];
  /** Suspicious rows for which there is no room. */
  suspectsLeft: AuditRow[];
  /** Rows without suspicion that were not compared with their run for long. */
  othersLeft: number;
}

/** A run that was compared within this time need not be compared again to call it known. */
const FRESH_MS = 10 * 60_000;

/**
 * Chooses the runs that one call looks at: those that are missing from the engine's index, those
 * that something was found about, then the others in turn, so that call by call all are seen.
 */
export function planLooks(
  rows: readonly AuditRow[],
  {
    missing,
    suspected,
    memory,
    nowMs,
  }: {
    missing: readonly AuditRow[];
    suspected: ReadonlySet<string>;
    memory: AuditMemory;
    nowMs: number;
  },
): LookPlan {
  const isMissing = new Set(missing.map(({ itemId }) => itemId));
  const suspects = [
    ...missing,
    ...rows.filter(({ itemId }) => suspected.has(itemId) && !isMissing.has(itemId)),
  ];
  const isSuspect = new Set(suspects.map(({ itemId }) => itemId));
  const comparedAt = ({ itemId }: AuditRow) => memory.compared.get(itemId) ?? 0;
  const others = rows
    .filter(({ itemId }) => !isSuspect.has(itemId))
    .sort((a, b) => comparedAt(a) - comparedAt(b));
  const chosen = [...suspects, ...others].slice(0, LOOKS);
  return {
    chosen,
    suspectsLeft: suspects.slice(LOOKS),
    othersLeft: others
      .slice(Math.max(0, LOOKS - suspects.length))
      .filter((row) => nowMs - comparedAt(row) > FRESH_MS).length,
  };
}

/** Rows of a list that come after a place in it: earlier pages have told of the others. */
export function rowsAfter(
  rows: readonly AuditRow[],
  after: FindingPosition | undefined,
): AuditRow[] {
  if (after === undefined) return [...rows];
  const rank = rankOf('row_without_run');
  return rows.filter(({ itemId, updatedAt: since }) =>
    isAfter({ rank, since, id: findingId('row_without_run', itemId) }, after),
  );
}

/** True when a place of the list comes after another. */
export function isAfter(place: FindingPosition, other: FindingPosition): boolean {
  return comparePositions(place, other) > 0;
}

/** The order of the list: worst first, then longest, then by id. */
export function comparePositions(a: FindingPosition, b: FindingPosition): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.since !== b.since) return a.since < b.since ? -1 : 1;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
