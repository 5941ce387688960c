/** How long a command that nobody answered stays valid, unless it says so itself: then its run refuses it. */
export const COMMAND_LIFE_MS = 24 * 3_600_000;
/** The clocks of database and engine differ by less; a task that began before has ended. */
const EXPIRY_MARGIN_MS = 5 * 60_000;

const FIRST_PAUSE_MS = 500;
/** For about a minute: a program that was killed is back by then, and somebody waits. */
const SHORT_PAUSE_MS = 4_000;
const SHORT_PAUSES = 16;
const LAST_PAUSE_MS = 5 * 60_000;
/** Doubling this often passes the longest pause. */
const DOUBLINGS = 10;
/** Failures in a row after which a run counts as silent. */
const SILENT_AFTER = 3;

/** What follows after so many attempts in a row without an answer. */
export function afterFailures(failures: number): {
  failures: number;
  isSilent: boolean;
  pauseMs: number;
} {
  const isNew = failures <= SHORT_PAUSES;
  const [first, last, count] = isNew
    ? [FIRST_PAUSE_MS, SHORT_PAUSE_MS, failures - 1]
    : [SHORT_PAUSE_MS, LAST_PAUSE_MS, failures - SHORT_PAUSES];
  const pauseMs = Math.min(last, first * 2 ** Math.min(count, DOUBLINGS));
  // Random, so that what fell silent together is not asked together for ever.
  const jitter = 0.8 + Math.random() * 0.4;
  return { failures, isSilent: failures >= SILENT_AFTER, pauseMs: Math.round(pauseMs * jitter) };
}

/** Whether its run refuses a command for certain, whenever it hears of it. */
export function isSurelyExpired({ expiresAt }: { expiresAt: string }): boolean {
  return Date.now() > Date.parse(expiresAt) + EXPIRY_MARGIN_MS;
}
