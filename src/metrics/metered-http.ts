import { setTimeout as delay } from 'node:timers/promises';
import { type HttpClient, httpClientOf } from '../http/http-client.ts';
import type { HttpOutcome } from '../http/http-outcome.ts';

/** What a source still takes. */
export interface RequestBudget {
  /** @returns 0 when a request may be made, else how long until one may, milliseconds. */
  take(): Promise<number>;
}

export interface MeteredHttp {
  http: HttpClient;
  /** How long to wait, when a request was held back; null when none was. */
  heldBackMs(): number | null;
}

/** Asks the budget before every request. What it holds back is answered as the source would: 429. */
export function meteredHttp(http: HttpClient, budget: RequestBudget): MeteredHttp {
  let heldBack: number | null = null;
  return {
    http: httpClientOf(async (request): Promise<HttpOutcome> => {
      const waitMs = await turnOf(budget, request.signal);
      if (waitMs === 0) return http.request(request);
      heldBack = waitMs;
      const headers = { 'retry-after': String(Math.ceil(waitMs / 1_000)) };
      return { kind: 'response', status: 429, headers, body: Buffer.alloc(0) };
    }),
    heldBackMs: () => heldBack,
  };
}

/** So long a request waits for its turn: limits per second would end most collections otherwise. */
const SHORT_WAIT_MS = 2_000;
const MOST_TRIES = 10;

/** @returns 0 when it is this request's turn, else how long that would take, milliseconds. */
async function turnOf(budget: RequestBudget, signal?: AbortSignal): Promise<number> {
  let waitMs = await budget.take();
  for (let tries = 1; waitMs > 0 && waitMs <= SHORT_WAIT_MS && tries < MOST_TRIES; tries += 1) {
    if (signal?.aborted) return waitMs;
    await delay(waitMs);
    waitMs = await budget.take();
  }
  return waitMs;
}
