import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import type { NetworkFault } from '../../src/channels/channel.testsuite.ts';
import type { Json } from './api-fixture.ts';

/** A customer's endpoint: verifies signatures, and takes each `webhook-id` once. */
export interface FakeReceiver {
  url: string;
  secret: string;
  /** Bodies that were taken, by `webhook-id`. */
  taken: Map<string, Json>;
  /** Times that a delivery came in, by `webhook-id`. */
  deliveries: Map<string, number>;
  /** Makes the next delivery of a post with this marker go wrong. */
  fail(marker: string, fault: NetworkFault): void;
  /** Answers every delivery and every look-up itself. */
  answer(answer: ((response: ServerResponse) => void) | null): void;
  close(): Promise<void>;
}

const SECRET = `whsec_${Buffer.from('a secret of the test, 32 bytes !').toString('base64')}`;

export async function startFakeReceiver(): Promise<FakeReceiver> {
  const taken = new Map<string, Json>();
  const deliveries = new Map<string, number>();
  const faults = new Map<string, NetworkFault>();
  let hostile: ((response: ServerResponse) => void) | null = null;

  function isSigned(request: IncomingMessage, body: string): boolean {
    try {
      new Webhook(SECRET).verify(body, request.headers as Record<string, string>);
      return true;
    } catch {
      return false;
    }
  }

  async function deliver(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const body = (await buffer(request)).toString('utf8');
    const id = String(request.headers['webhook-id']);
    deliveries.set(id, (deliveries.get(id) ?? 0) + 1);
    if (!isSigned(request, body)) return json(response, 401, { error: 'signature' });
    const delivery = JSON.parse(body);
    const fault = faults.get(delivery.data.marker);
    faults.delete(delivery.data.marker);
    switch (fault) {
      case 'hangs':
        return null;
      case 'resets':
        return response.destroy();
      case 'rejects':
        return json(response, 422, { error: 'not this' });
      case 'rejects the credentials':
        return json(response, 401, { error: 'not you' });
      case 'limits the rate':
        response.setHeader('retry-after', '7');
        return json(response, 429, { error: 'slow down' });
    }
    if (!taken.has(id)) taken.set(id, delivery);
    switch (fault) {
      case 'accepts and hangs':
        return null;
      case 'accepts and resets':
        return response.destroy();
      case 'accepts and answers 500':
        return json(response, 500, {});
      case 'accepts and answers garbage':
        return response.writeHead(200, { 'content-type': 'text/html' }).end('<p>hello</p>');
      default:
        return json(response, 200, postOf(id));
    }
  }

  const postOf = (id: string) => ({
    remoteId: `post ${id}`,
    permalink: `https://example.com/${id}`,
  });

  const server = createServer((request, response) => {
    if (hostile !== null) return hostile(response);
    const url = new URL(request.url ?? '/', 'http://receiver');
    if (request.method === 'POST') return void deliver(request, response);
    const id = url.searchParams.get('id') ?? '';
    return void (taken.has(id) ? json(response, 200, postOf(id)) : json(response, 404, {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    taken,
    deliveries,
    secret: SECRET,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail: (marker, fault) => void faults.set(marker, fault),
    answer(answer) {
      hostile = answer;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function json(response: ServerResponse, status: number, body: unknown): ServerResponse {
  return response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify(body));
}
