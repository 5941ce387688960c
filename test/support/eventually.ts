import { setTimeout as delay } from 'node:timers/promises';

/** Ends only a test that fails: a state that comes is never this late, however busy the machine is. */
const PATIENCE_MS = 120_000;

/** The longer something takes, the less often it is asked for: what is asked shares the cores with it. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 250;
const PAUSE_SHARE = 1 / 20;

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
  const begun = Date.now();
  for (;;) {
    const found = await probe();
    if (found !== null && found !== false) return found;
    const waitedMs = Date.now() - begun;
    if (waitedMs > withinMs) throw new Error(`${what} was not reached within ${withinMs} ms`);
    await delay(Math.min(FIRST_PAUSE_MS + waitedMs * PAUSE_SHARE, LONGEST_PAUSE_MS));
  }
}

/** Waits for an instant of the clock on the wall; no state is waited for. */
export async function untilTime(at: number): Promise<void> {
  while (Date.now() < at) await delay(at - Date.now());
}
