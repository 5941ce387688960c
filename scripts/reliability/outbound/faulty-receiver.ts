import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { LOOPBACK } from '../../local/ports.ts';

/** One request with a good signature. */
export interface Received {
  id: string;
  body: string;
  itemId: string | null;
  seq: number | null;
}

/** Somebody who subscribed, and who fails at times. */
export interface FaultyReceiver {
  readonly url: string;
  /** In the order in which they came; also those whose answer failed after they were taken. */
  readonly received: Received[];
  readonly faults: Record<string, number>;
  /** Requests whose signature did not fit. */
  readonly forged: string[];
  trust(secret: string): void;
  /** Takes no connection for so long. */
  goAway(ms: number): void;
  close(): Promise<void>;
}

/** What a receiver does with one request; two of three failures lose the event, one only the answer. */
const FAILURES = ['500', 'hung up', 'answer lost'] as const;

/** @param rate share of the requests that fail */
export async function startFaultyReceiver({
  rate,
  random,
}: {
  rate: number;
  random: () => number;
}): Promise<FaultyReceiver> {
  const received: Received[] = [];
  const forged: string[] = [];
  const faults: Record<string, number> = {};
  let trusted = '';
  let awayUntil = 0;
  const count = (kind: string) => {
    faults[kind] = (faults[kind] ?? 0) + 1;
  };
  function take(raw: string, headers: Record<string, string>, response: ServerResponse): void {
    const failure = random() < rate ? FAILURES[Math.floor(random() * FAILURES.length)] : undefined;
    if (failure !== undefined) count(failure);
    if (failure === '500') {
      response.writeHead(500).end();
      return;
    }
    if (failure !== 'hung up') {
      const { data = {} } = JSON.parse(raw);
      received.push({
        id: headers['webhook-id'] ?? '',
        body: raw,
        itemId: data.itemId ?? null,
        seq: data.seq ?? null,
      });
    }
    if (failure === undefined) response.writeHead(204).end();
    else response.socket?.resetAndDestroy();
  }
  const server = createServer(async (request, response) => {
    const raw = (await buffer(request)).toString('utf8');
    const headers = request.headers as Record<string, string>;
    try {
      new Webhook(trusted).verify(raw, headers);
    } catch (error) {
      forged.push(String(error));
      response.writeHead(401).end();
      return;
    }
    take(raw, headers, response);
  });
  server.on('connection', (socket) => {
    if (Date.now() >= awayUntil) return;
    count('connection refused');
    socket.resetAndDestroy();
  });
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return {
    received,
    forged,
    faults,
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    trust(secret) {
      trusted = secret;
    },
    goAway(ms) {
      awayUntil = Date.now() + ms;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
