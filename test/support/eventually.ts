import { setTimeout as delay } from 'node:timers/promises';

/**
 * Polls until the probe gives a value, and returns it.
 * @throws Error after `withinMs`, with what the probe last said.
 */
export async function eventually<T>(
  probe: () => Promise<T | null | false> | T | null | false,
  { withinMs = 15_000, what = 'the expected state' }: { withinMs?: number; what?: string } = {},
): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found !== null && found !== false) return found;
    if (Date.now() > until) throw new Error(`${what} was not reached within ${withinMs} ms`);
    await delay(50);
  }
}
