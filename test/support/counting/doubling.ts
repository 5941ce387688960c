const SIZES = [100_000, 200_000] as const;
/** Work that grows as the square grows by 4 in every one of them; a busy machine needs a few to tell. */
const MAX_ROUNDS = 40;
/** Below this, a clock tells more of the machine than of the work. */
const SHORTEST_MS = 5;

/**
 * By how much the work grows when a text of a repeated part grows to its double: 2 where it is linear, 4 where it is
 * the square. Of the process's own time, the shortest of some rounds: a busy machine can only make one longer.
 */
export function growthOf(work: (text: string) => unknown, part: string): number {
  const [half, whole] = SIZES.map((size) =>
    part.repeat(Math.ceil(size / part.length)).slice(0, size),
  ) as [string, string];
  const best = { half: Number.POSITIVE_INFINITY, whole: Number.POSITIVE_INFINITY };
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    best.half = Math.min(
      best.half,
      cpuMs(() => work(half)),
    );
    best.whole = Math.min(
      best.whole,
      cpuMs(() => work(whole)),
    );
    if (round > 0 && growth(best) < 2.5) break;
  }
  return growth(best);
}

function growth({ half, whole }: { half: number; whole: number }): number {
  return Math.max(whole, SHORTEST_MS) / Math.max(half, SHORTEST_MS);
}

function cpuMs(work: () => unknown): number {
  const begun = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000;
}
