import type { GuardrailRow, ReviewVerdicts, VerdictRow } from './verdict-schema.ts';

/** A verdict that other readings turned into another one. */
export type Flip = Pick<VerdictRow, 'kpi' | 'scope' | 'checkpoint' | 'primary'> & {
  /** Null: of a guardrail. */
  role: VerdictRow['role'] | null;
  was: VerdictRow['verdict'] | GuardrailRow['verdict'];
  is: VerdictRow['verdict'] | GuardrailRow['verdict'];
  valueWas: number | null;
  value: number | null;
  /** Why it is so now. */
  reason: string;
};

type JudgedRow = Pick<VerdictRow, 'value' | 'readings'>;
type Judged = Pick<ReviewVerdicts, 'rows' | 'guardrails'>;

/**
 * Verdicts about a target or a guardrail that are others than they were, by other readings: what time alone
 * changed, such as a checkpoint that was never measured, is none.
 */
export function flipsBetween(
  before: Judged,
  after: Judged,
  isSame: (was: JudgedRow, row: JudgedRow) => boolean = hasSameReadings,
): Flip[] {
  return [
    ...turned(
      before.rows,
      after.rows.filter(({ target }) => target !== null),
      { placeOf: ({ role, primary }) => ({ role, primary }), isSame },
    ),
    ...turned(before.guardrails ?? [], after.guardrails ?? [], {
      placeOf: () => ({ role: null, primary: false }),
      isSame,
    }),
  ];
}

/** The same of sums, which name no readings: their values tell. */
export function flipsOfSums(before: Judged, after: Judged): Flip[] {
  return flipsBetween(before, after, (was, row) => was.value === row.value);
}

function turned<Row extends VerdictRow | GuardrailRow>(
  before: readonly Row[],
  after: readonly Row[],
  {
    placeOf,
    isSame,
  }: {
    placeOf: (row: Row) => Pick<Flip, 'role' | 'primary'>;
    isSame: (was: JudgedRow, row: JudgedRow) => boolean;
  },
): Flip[] {
  const keyOf = (row: Row) =>
    [row.kpi, placeOf(row).role, row.scope, row.checkpoint ?? ''].join(' ');
  const known = new Map(before.map((row) => [keyOf(row), row]));
  return after.flatMap((row) => {
    const was = known.get(keyOf(row));
    if (was === undefined || was.verdict === row.verdict) return [];
    if (isSame(was, row)) return [];
    const { kpi, scope, checkpoint, value, reason } = row;
    const { role, primary } = placeOf(row);
    const turn = { was: was.verdict, is: row.verdict, valueWas: was.value, value, reason };
    return [{ kpi, role, scope, checkpoint, primary, ...turn }];
  });
}

function hasSameReadings({ readings: a }: JudgedRow, { readings: b }: JudgedRow): boolean {
  const ids = new Set(a);
  return a.length === b.length && b.every((id) => ids.has(id));
}
