import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks until there is an answer.
 * @throws Error naming what was waited for, and what was seen last, after `withinMs`.
 */
export async function poll<T>(
  what: string,
  probe: () => Promise<{ found: T } | { seen: string }>,
  { withinMs = 20_000 }: { withinMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const result = await probe();
    if ('found' in result) return result.found;
    if (Date.now() > deadline) {
      throw new Error(`${what}: not within ${withinMs / 1_000} s (${result.seen})`);
    }
    await delay(100);
  }
}
