import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { type BatonClient, wholeList } from '../../src/client/index.ts';
import { RECEIVER_ADDRESS_FILE } from '../local/receiver-origin.ts';
import type { Narrator } from './narrator.ts';
import { poll } from './poll.ts';

/** An event as somebody outside of Baton was told it. */
interface Told {
  /** The same at every attempt. */
  id: string;
  type: string;
  itemId: string | undefined;
  seq: number | undefined;
}

/** An outside system that subscribed to everything. */
export interface Receiver {
  url: string;
  /** Each event once: whoever remembers ids need not care how often one was delivered. */
  told: ReadonlyMap<string, Told>;
  /** Ends the subscription too. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1_024;
const DESCRIPTION = 'demo';

const Body = z.object({
  type: z.string(),
  data: z.object({ itemId: z.string().optional(), seq: z.int().optional() }),
});

/**
 * Listens where the stack allows it and subscribes to every type, as the admin.
 * @throws Error when the port stays taken, or the stack is of an older Baton and allows none
 */
export async function openReceiver(stateDir: string, admin: BatonClient): Promise<Receiver> {
  const url = readFileSync(join(stateDir, RECEIVER_ADDRESS_FILE), 'utf8').trim();
  const told = new Map<string, Told>();
  const secret = Promise.withResolvers<string>();
  const server = createServer(async (request, response) => {
    const one = await readTold(request, await secret.promise).catch(() => null);
    if (one !== null && !told.has(one.id)) told.set(one.id, one);
    response.writeHead(one === null ? 401 : 204).end();
  });
  await poll(`port ${new URL(url).port} for what is told by webhook`, async () => {
    server.listen({ host: new URL(url).hostname, port: Number(new URL(url).port) });
    return once(server, 'listening').then(
      () => ({ found: true }),
      (error: unknown) => ({ seen: String(error) }),
    );
  });
  function stopListening() {
    server.close();
    server.closeAllConnections();
  }
  try {
    const { subscriptions } = admin;
    // One that broke off left its subscription.
    const standing = await wholeList((query) => subscriptions.list(query));
    for (const one of standing.filter(({ description }) => description === DESCRIPTION)) {
      await subscriptions.remove(one.id);
    }
    const made = await subscriptions.add({ url, types: ['*'], description: DESCRIPTION });
    secret.resolve(made.secret);
    return {
      url,
      told,
      async close() {
        stopListening();
        await subscriptions.remove(made.id);
      },
    };
  } catch (error) {
    stopListening();
    throw error;
  }
}

/** @throws Error when it is too long, not signed, or no event */
async function readTold(request: IncomingMessage, secret: string): Promise<Told> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > MAX_BODY_BYTES) throw new Error('the body is too long');
  }
  const header = (name: string) => String(request.headers[name] ?? '');
  const id = header('webhook-id');
  const signed = {
    'webhook-id': id,
    'webhook-timestamp': header('webhook-timestamp'),
    'webhook-signature': header('webhook-signature'),
  };
  const { type, data } = Body.parse(new Webhook(secret).verify(body, signed));
  return { id, type, itemId: data.itemId, seq: data.seq };
}

/**
 * Types with how many of each, once these events have come.
 * @throws Error when one does not come, or the events of an item came out of order
 */
export async function showTold(
  narrator: Narrator,
  { told }: Receiver,
  awaited: readonly { itemId: string; type: string }[],
): Promise<void> {
  for (const { itemId, type } of awaited) {
    await poll(`${type} of ${itemId} by webhook`, async () => {
      const isTold = [...told.values()].some((one) => one.itemId === itemId && one.type === type);
      return isTold ? { found: true } : { seen: `${told.size} events of others` };
    });
  }
  const ones = [...told.values()];
  requireOrder(ones);
  narrator.table(
    [
      ['type', 'received', 'items'],
      ...[...Map.groupBy(ones, ({ type }) => type)].map(([type, ofType]) => [
        type,
        String(ofType.length),
        String(new Set(ofType.flatMap(({ itemId }) => itemId ?? [])).size),
      ]),
    ],
    { right: [1, 2] },
  );
  narrator.facts({ webhooks: `${ones.length} events, each signed, in order per item` });
}

function requireOrder(ones: readonly Told[]): void {
  const latest = new Map<string, number>();
  for (const { itemId, seq, type } of ones) {
    if (itemId === undefined || seq === undefined) continue;
    const before = latest.get(itemId) ?? 0;
    if (seq < before) throw new Error(`${itemId}: ${type} (${seq}) was told after ${before}`);
    latest.set(itemId, seq);
  }
}
