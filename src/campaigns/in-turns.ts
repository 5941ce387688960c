/** Items of one campaign that are talked to at the same time: others share engine and tables. */
const AT_ONCE = 4;

/** Does the work for each, a few at a time. The first failure ends it. */
export async function inTurns<T>(
  all: readonly T[],
  work: (one: T) => Promise<void>,
): Promise<void> {
  const waiting = [...all];
  const take = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, take));
}
