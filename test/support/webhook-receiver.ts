import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import type { Json } from './api-fixture.ts';

/** One request that came in, verified by another hand than ours. */
export interface Received {
  id: string;
  body: Json;
  raw: string;
  headers: Record<string, string>;
  at: number;
}

type Answer = (response: ServerResponse, received: Received) => void;

/** Somebody who subscribed. */
export interface WebhookReceiver {
  url: string;
  /** Everything with a good signature, in the order in which it came. */
  received: Received[];
  /** What had none. */
  forged: string[];
  /** Accepts signatures of this secret from now on. */
  trust(secret: string): void;
  /** Answers instead of 204. */
  answer(answer: Answer | null): void;
  close(): Promise<void>;
}

export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const forged: string[] = [];
  let trusted = '';
  let answer: Answer | null = null;
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
    const id = headers['webhook-id'] ?? '';
    const one = { id, raw, headers, body: JSON.parse(raw), at: performance.now() };
    received.push(one);
    if (answer === null) response.writeHead(204).end();
    else answer(response, one);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    received,
    forged,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    trust(secret) {
      trusted = secret;
    },
    answer(next) {
      answer = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
