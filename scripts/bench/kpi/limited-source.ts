import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { failureOf } from '../../../src/metrics/request-failures.ts';
import { defineSource } from '../../../src/metrics/source-kind.ts';
import { LOOPBACK } from '../../local/ports.ts';

export interface Limit {
  requests: number;
  perMs: number;
}

/** A system that answers so many requests in any stretch of time, and refuses every one above. */
export interface LimitedSource {
  url: string;
  /** Requests that came, and those above the limit. */
  counts(): { asked: number; refused: number; mostInOneStretch: number };
  close(): Promise<void>;
}

export async function startLimitedSource({ requests, perMs }: Limit): Promise<LimitedSource> {
  const arrivals: number[] = [];
  let refused = 0;
  let mostInOneStretch = 0;
  const server = createServer((_request, response) => {
    const now = performance.now();
    arrivals.push(now);
    const inStretch = arrivals.slice(-requests - 1).filter((at) => at > now - perMs).length;
    mostInOneStretch = Math.max(mostInOneStretch, inStretch);
    if (inStretch > requests) refused += 1;
    response.writeHead(inStretch > requests ? 429 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ shares: arrivals.length }));
  });
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  // Listening on an address, not on a pipe.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${LOOPBACK}:${port}`,
    counts: () => ({ asked: arrivals.length, refused, mostInOneStretch }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const Answer = z.object({ shares: z.int() });
const REQUEST = { timeoutMs: 5_000, maxResponseBytes: 1_000 };

/** The adapter of such a system. */
export function limitedKind(limit: Limit) {
  return defineSource({
    id: 'limited',
    name: 'Limited',
    origin: 'connection',
    config: z.object({ url: z.url() }),
    secret: z.object({}),
    supplies: () => ['shares'],
    settlingMs: 0,
    limit,
    definitions: {},
    create: ({ config, http, now }) => ({
      check: async () => ({ ok: true, detail: 'it is there' }),
      async collect(_question, signal) {
        const outcome = await http.getJson(config.url, Answer, { ...REQUEST, signal });
        return outcome.kind === 'json'
          ? { measures: { shares: outcome.value.shares } }
          : failureOf(outcome, now());
      },
    }),
  });
}
