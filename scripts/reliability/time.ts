import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 250;

/** Polls until there is a value, or the time is over: then null. */
export async function within<T>(
  ms: number,
  check: () => Promise<T | null>,
  everyMs = POLL_MS,
): Promise<T | null> {
  const until = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== null || Date.now() > until) return value;
    await delay(everyMs);
  }
}

/** Does `count` pieces of work, `lanes` at a time, in order. The first failure ends all lanes. */
export async function inLanes(
  lanes: number,
  count: number,
  work: (index: number, lane: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  async function run(lane: number): Promise<void> {
    while (next < count && !failed) {
      const index = next;
      next += 1;
      try {
        await work(index, lane);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
}
