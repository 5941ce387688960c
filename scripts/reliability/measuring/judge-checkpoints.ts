/** What the tables hold of one checkpoint of one post. */
export interface SeenCheckpoint {
  itemId: string;
  checkpoint: string;
  dueAt: string;
  /** When its first event says that it was settled. */
  settledAt: string | null;
  /** Events that say it has its readings, and that it has none. */
  recorded: number;
  missing: number;
  /** Its readings by the transaction that stored them: rows of each measure. */
  sets: readonly Readonly<Record<string, number>>[];
}

export interface JudgedCheckpoints {
  lost: number;
  duplicated: number;
  violations: string[];
  /** By the run's own clock. */
  latenessMs: number[];
}

/**
 * Each checkpoint is recorded once, with one row of every measure that its source supplies, all of one
 * transaction: a set that was completed later could be read when it was half.
 * @param measures of a whole set
 */
export function judgeCheckpoints(
  seen: readonly SeenCheckpoint[],
  { wanted, measures }: { wanted: number; measures: readonly string[] },
): JudgedCheckpoints {
  const judged: JudgedCheckpoints = {
    lost: wanted - seen.length,
    duplicated: 0,
    violations: [],
    latenessMs: [],
  };
  if (judged.lost > 0) judged.violations.push(`${judged.lost} checkpoints were never planned`);
  for (const one of seen) {
    const name = `${one.itemId} ${one.checkpoint}`;
    const counts = measures.map((measure) => sum(one.sets.map((set) => set[measure] ?? 0)));
    const absent = counts.filter((count) => count === 0).length;
    const isInParts = one.sets.some((set) => measures.some((measure) => !(measure in set)));
    const twice = Math.max(0, one.recorded + one.missing - 1, ...counts.map((count) => count - 1));
    if (one.recorded === 0 || absent > 0) {
      judged.lost += 1;
      const what = one.missing > 0 ? 'is missing' : `has no event, or ${absent} measures too few`;
      judged.violations.push(`${name} ${what}`);
    } else if (isInParts) {
      judged.lost += 1;
      judged.violations.push(`${name} was stored in parts, by ${one.sets.length} transactions`);
    }
    if (twice > 0) {
      judged.duplicated += 1;
      judged.violations.push(`${name} was stored or recorded ${twice + 1} times`);
    }
    if (one.settledAt !== null) {
      judged.latenessMs.push(Date.parse(one.settledAt) - Date.parse(one.dueAt));
    }
  }
  return judged;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
