import { BatonUnreachableError } from './errors.ts';
import { pause } from './pause.ts';
import { randomId } from './random-id.ts';

export interface TransportOptions {
  /** API key; left out for calls that carry another credential. */
  key?: string | undefined;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch | undefined;
  /** Milliseconds for one try; default 30,000. */
  timeoutMs?: number | undefined;
  /** How often a call without an answer is made in all; default 3. */
  tries?: number | undefined;
}

const TIMEOUT_MS = 30_000;
const TRIES = 3;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** Nothing was done yet, says the API, and when to come back. */
const COME_BACK: ReadonlySet<number> = new Set([429, 503]);

const CHANGES: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * A `fetch` that carries the credential and an idempotency key of its own per call, and therefore
 * may repeat what got no answer, as late as the API asks.
 *
 * @throws BatonUnreachableError when nobody answers any of the tries.
 */
export function createTransport(options: TransportOptions): typeof fetch {
  const send = options.fetch ?? fetch;
  return async (input, init = {}) => {
    const headers = new Headers(init.headers);
    if (options.key !== undefined) headers.set('authorization', `Bearer ${options.key}`);
    if (CHANGES.has(init.method ?? 'GET') && !headers.has('idempotency-key')) {
      headers.set('idempotency-key', randomId());
    }
    const request = { ...init, headers };
    for (let tried = 1; ; tried += 1) {
      const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
      const isLast = tried >= (options.tries ?? TRIES);
      try {
        const response = await send(input, { ...request, signal });
        if (isLast || !COME_BACK.has(response.status)) return response;
        await response.body?.cancel();
        await pause(pauseMs(tried, response.headers.get('retry-after')));
      } catch (error) {
        if (isLast) throw new BatonUnreachableError(addressOf(input), error);
        await pause(pauseMs(tried, null));
      }
    }
  };
}

/** @param retryAfter seconds, as the API gives them */
function pauseMs(tried: number, retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? Number.NaN);
  const asked = Number.isFinite(seconds) ? seconds * 1_000 : FIRST_PAUSE_MS * 2 ** (tried - 1);
  return Math.min(asked, LONGEST_PAUSE_MS);
}

function addressOf(input: Parameters<typeof fetch>[0]): string {
  return input instanceof Request ? input.url : String(input);
}
