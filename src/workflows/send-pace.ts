import type { Reconciliation } from '../activities/publishing/reconciling.ts';
import type { SendAttempt } from '../activities/publishing/send-attempt.ts';
import { MACHINE_RULES, type SendRules } from '../domain/item/machine/rules.ts';

/** What neither settled the post nor moved it on. */
export type Setback = Extract<
  SendAttempt | Reconciliation,
  { outcome: 'not_sent' | 'wait' | 'send_again' }
>;

/** `sends`: sent as often as it may be; `tries`: the run has no room for more. */
export type NextTry = { waitMs: number } | { over: 'time' | 'sends' | 'tries' };

/**
 * When an order is tried again. What was certainly not taken is tried until the order's time is over,
 * less and less often: an hour without a network costs a post no more than an hour. Only a repetition of
 * what may have arrived is counted.
 * @param until the order's end, epoch milliseconds
 */
export class SendPace {
  readonly #until: number;
  readonly #rules: SendRules;
  readonly #maxAttempts: number;
  /** All the time there was at the first attempt. */
  #total = 0;
  #attempts = 0;
  #sends = 0;
  #notTaken = 0;
  #waits = 0;
  /** No sooner than `known`; `wish` is how patient the run is. */
  #pause = { known: 0, wish: 0 };

  /** @param posts how many the item may be sending at once: they share the attempts. */
  constructor(
    until: number,
    { posts = 1, rules = MACHINE_RULES.sends }: { posts?: number; rules?: SendRules } = {},
  ) {
    this.#until = until;
    this.#rules = rules;
    this.#maxAttempts = attemptsOf(posts, rules);
  }

  /** Asked before each attempt. */
  next(now: number): NextTry {
    if (this.#sends >= this.#rules.maxSends) return { over: 'sends' };
    if (this.#attempts >= this.#maxAttempts) return { over: 'tries' };
    if (this.#attempts === 0) this.#total = this.#until - now;
    this.#attempts += 1;
    const { known, wish } = this.#pause;
    this.#pause = { known: 0, wish: 0 };
    const rest = this.#until - now;
    if (known > rest || rest < 0) return { over: 'time' };
    const waitMs = Math.max(known, wish);
    if (waitMs <= rest) return { waitMs };
    const { lastTryMs } = this.#rules;
    return rest > lastTryMs ? { waitMs: Math.max(known, rest - lastTryMs) } : { over: 'time' };
  }

  note(setback: Setback): void {
    this.#pause = this.#pauseAfter(setback);
  }

  #pauseAfter(setback: Setback): { known: number; wish: number } {
    // A long time is divided so that half of the attempts last until its end.
    const { retryAfterMs, maxWaitMs, maxWaitFrozenMs } = this.#rules;
    const shareOfTotal = this.#total / (this.#maxAttempts / 2);
    switch (setback.outcome) {
      case 'not_sent': {
        const wish = retryAfterMs * 2 ** Math.min(this.#notTaken, 10);
        this.#notTaken += 1;
        return {
          known: setback.retryAfterMs ?? 0,
          wish: Math.min(Math.max(maxWaitMs, shareOfTotal), wish),
        };
      }
      case 'wait': {
        // Many may wait for one write, or for one person: each asks less often, the longer it waits.
        const longest = setback.whenLifted === true ? maxWaitFrozenMs : maxWaitMs;
        this.#waits += 1;
        const wish = 500 * 2 ** Math.min(this.#waits, 10);
        return {
          known: setback.waitMs ?? 0,
          wish: Math.min(Math.max(longest, shareOfTotal), wish),
        };
      }
      case 'send_again':
        this.#sends += 1;
        this.#notTaken = 0;
        // The first repetition at once; a channel that goes on failing is given time.
        return { known: 0, wish: this.#sends === 1 ? 0 : retryAfterMs * 2 ** (this.#sends - 2) };
    }
  }
}

/** Attempts of one post, where so many may be sent at once. */
export function attemptsOf(
  posts: number,
  { maxAttempts, maxAttemptsInAll }: SendRules = MACHINE_RULES.sends,
): number {
  return Math.max(2, Math.min(maxAttempts, Math.floor(maxAttemptsInAll / posts)));
}
