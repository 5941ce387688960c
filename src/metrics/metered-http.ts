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
      const waitMs = await budget.take();
      if (waitMs === 0) return http.request(request);
      heldBack = waitMs;
      const headers = { 'retry-after': String(Math.ceil(waitMs / 1_000)) };
      return { kind: 'response', status: 429, headers, body: Buffer.alloc(0) };
    }),
    heldBackMs: () => heldBack,
  };
}
