import type { VerdictRow } from './verdict-schema.ts';

/** A verdict that other readings turned into another one. */
export type Flip = Pick<VerdictRow, 'kpi' | 'role' | 'scope' | 'checkpoint' | 'primary'> & {
  was: VerdictRow['verdict'];
  is: VerdictRow['verdict'];
  valueWas: number | null;
  value: number | null;
  /** Why it is so now. */
  reason: string;
};

interface Judged {
  rows: readonly VerdictRow[];
}

/**
 * Verdicts about a target that are others than they were, by other readings: what time alone changed, such
 * as a checkpoint that was never measured, is none.
 */
export function flipsBetween(before: Judged, after: Judged): Flip[] {
  const known = new Map(before.rows.map((row) => [keyOf(row), row]));
  return after.rows.flatMap((row) => {
    const was = known.get(keyOf(row));
    if (row.target === null || was === undefined || was.verdict === row.verdict) return [];
    if (isSame(was.readings, row.readings)) return [];
    const { kpi, role, scope, checkpoint, primary, value, reason } = row;
    return [
      {
        kpi,
        role,
        scope,
        checkpoint,
        primary,
        was: was.verdict,
        is: row.verdict,
        valueWas: was.value,
        value,
        reason,
      },
    ];
  });
}

function keyOf({ kpi, role, scope, checkpoint }: VerdictRow): string {
  return [kpi, role, scope, checkpoint ?? ''].join(' ');
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  const ids = new Set(a);
  return a.length === b.length && b.every((id) => ids.has(id));
}
