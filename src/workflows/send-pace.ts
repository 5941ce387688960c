/** Sends of one text in all, where a look-up found nothing of the one before and its key makes a further one harmless. */
const MAX_SENDS = 5;
/** Attempts in all: a run's history has an end. */
const MAX_ATTEMPTS = 200;
/** A long time is divided so that the attempts last until its end. */
const ENOUGH_ATTEMPTS = 100;
/** After the first attempt that a channel did not take; doubles with every further one. */
const RETRY_AFTER_MS = 5_000;
/** Longest wait for what may end sooner than it says, such as a channel or a database that is away. */
const MAX_WAIT_MS = 60_000;
/** Longest wait for a freeze to be lifted: a whole workspace may be waiting. */
const MAX_WAIT_FROZEN_MS = 300_000;
/** What ends at no known time is asked for once more so shortly before the order's own end. */
const LAST_TRY_MS = 1_000;

/** An attempt that neither settled the post nor moved it on. Waits are milliseconds, as far as they are known. */
export type Setback =
  /** The channel did not take it, certainly. */
  | { kind: 'not_taken'; retryAfterMs?: number | undefined }
  /** The attempt never had the right to send. */
  | { kind: 'not_begun' }
  /** Not tried: not the time for it. `whenLifted`: a person ends the wait. */
  | { kind: 'not_now'; waitMs?: number | undefined; whenLifted?: true | undefined }
  /** Looked for and not found; its key makes a repetition harmless. */
  | { kind: 'not_found' };

export type NextTry =
  | { waitMs: number }
  /** `sends`: sent as often as it may be; `tries`: the run has no room for more. */
  | { over: 'time' | 'sends' | 'tries'; sends: number };

/**
 * When an order is tried again. What was certainly not taken is tried until the order's time is over,
 * less and less often: an hour without a network costs a post no more than an hour. Only a repetition of
 * what may have arrived is counted.
 * @param until the order's end, epoch milliseconds
 * @param hasFewTries asked once, with the first setback: a send that began so ends so
 */
export class SendPace {
  readonly #until: number;
  readonly #hasFewTries: () => boolean;
  #isHasty: boolean | null = null;
  /** All the time there was at the first attempt. */
  #total = 0;
  #attempts = 0;
  #sends = 0;
  #notTaken = 0;
  #waits = 0;
  /** No sooner than `known`; `wish` is how patient the run is. */
  #pause = { known: 0, wish: 0 };

  constructor(until: number, hasFewTries: () => boolean) {
    this.#until = until;
    this.#hasFewTries = hasFewTries;
  }

  /** Asked before each attempt. */
  next(now: number): NextTry {
    if (this.#sends >= MAX_SENDS) return this.#over('sends');
    if (this.#attempts >= MAX_ATTEMPTS) return this.#over('tries');
    if (this.#attempts === 0) this.#total = this.#until - now;
    this.#attempts += 1;
    const { known, wish } = this.#pause;
    this.#pause = { known: 0, wish: 0 };
    const rest = this.#until - now;
    if (known > rest || rest < 0) return this.#over('time');
    const waitMs = Math.max(known, wish);
    if (waitMs <= rest) return { waitMs };
    return rest > LAST_TRY_MS
      ? { waitMs: Math.max(known, rest - LAST_TRY_MS) }
      : this.#over('time');
  }

  note(setback: Setback): void {
    this.#isHasty ??= this.#hasFewTries();
    this.#pause = this.#isHasty ? this.#hasty(setback) : this.#patient(setback);
  }

  get isHasty(): boolean {
    return this.#isHasty === true;
  }

  #over(over: 'time' | 'sends' | 'tries'): NextTry {
    return { over, sends: this.#sends };
  }

  #patient(setback: Setback): { known: number; wish: number } {
    switch (setback.kind) {
      case 'not_taken':
      case 'not_begun': {
        const known = setback.kind === 'not_taken' ? (setback.retryAfterMs ?? 0) : 0;
        const longest = Math.max(MAX_WAIT_MS, this.#total / ENOUGH_ATTEMPTS);
        const wish = Math.min(longest, RETRY_AFTER_MS * 2 ** Math.min(this.#notTaken, 10));
        this.#notTaken += 1;
        return { known, wish };
      }
      case 'not_now':
        this.#waits += 1;
        return {
          known: setback.waitMs ?? 0,
          wish: patience(this.#waits, setback, this.#total / ENOUGH_ATTEMPTS),
        };
      case 'not_found':
        this.#sends += 1;
        this.#notTaken = 0;
        // The first repetition at once; a channel that goes on failing is given time.
        return {
          known: 0,
          wish: this.#sends === 1 ? 0 : RETRY_AFTER_MS * 2 ** (this.#sends - 2),
        };
    }
  }

  /** As runs did that began before `PATIENT_SENDS`: five tries in all, and no wait is shortened. */
  #hasty(setback: Setback): { known: number; wish: number } {
    switch (setback.kind) {
      case 'not_taken': {
        this.#sends += 1;
        const wish = setback.retryAfterMs ?? RETRY_AFTER_MS * this.#sends;
        return { known: wish, wish };
      }
      case 'not_now': {
        this.#waits += 1;
        const wish = Math.max(setback.waitMs ?? 0, patience(this.#waits, setback));
        return { known: wish, wish };
      }
      case 'not_begun':
      case 'not_found':
        this.#sends += 1;
        return { known: 0, wish: 0 };
    }
  }
}

/** Many may wait for one write, or for one person: each asks less often, the longer it waits. */
function patience(
  waits: number,
  { whenLifted }: { whenLifted?: true | undefined },
  atLeast = 0,
): number {
  const longest = Math.max(atLeast, whenLifted === true ? MAX_WAIT_FROZEN_MS : MAX_WAIT_MS);
  return Math.min(longest, 500 * 2 ** Math.min(waits, 10));
}
