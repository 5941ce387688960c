import { setTimeout as delay } from 'node:timers/promises';

/** Ends only a test that fails: a state that comes is never this late, however busy the machine is. */
const PATIENCE_MS = 120_000;

/**
 * Polls until the probe gives a value, and returns it.
 * @throws Error after `withinMs`, with what the probe last said.
 */
export async function eventually<T>(
  probe: () => Promise<T | null | false> | T | null | false,
  {
    withinMs = PATIENCE_MS,
    what = 'the expected state',
  }: { withinMs?: number; what?: string } = {},
): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found !== null && found !== false) return found;
    if (Date.now() > until) throw new Error(`${what} was not reached within ${withinMs} ms`);
    await delay(50);
  }
}
