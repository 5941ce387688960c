const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Before each attempt: ten over about 75 hours, as Standard Webhooks asks. */
const PAUSES_MS = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;

export const DELIVERY_ATTEMPTS = PAUSES_MS.length;
const LONGEST_PAUSE_MS = 24 * HOUR;
/** Receivers that went down together are not asked again together. */
const JITTER = 0.1;

/**
 * How long to wait after a failed attempt.
 * @param attempts made so far.
 * @param retryAfterMs what the receiver asked for; null for nothing.
 * @param random from 0 to 1.
 * @returns null when that was the last one.
 */
export function pauseAfter(
  attempts: number,
  { retryAfterMs, random }: { retryAfterMs: number | null; random: number },
): number | null {
  const planned = PAUSES_MS[attempts];
  if (planned === undefined) return null;
  const spread = planned * (1 + JITTER * (2 * random - 1));
  // More than the receiver asks for, never less.
  const asked = Math.min(retryAfterMs ?? 0, LONGEST_PAUSE_MS) * (1 + JITTER * random);
  return Math.round(Math.max(spread, asked));
}
