import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newWebhookSecret, webhookPurpose } from '../../src/credentials/signing-secrets.ts';
import { newId } from '../../src/db/ids.ts';
import { insertSubscription } from '../../src/db/outbound/subscriptions.ts';
import { outbox } from '../../src/db/schema/index.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let engine: ItemEngine;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
  engine = await openItemEngine({ allowedOrigins: [receiver.url] });
});
afterAll(async () => {
  await engine?.close();
  await receiver?.close();
});

/** Everything of one item, or of the workspace, without what was repeated. */
const firsts = (of: (data: { itemId?: string; n?: number }) => boolean) => {
  const seen = new Set<string>();
  return receiver.received.filter(({ id, body }) => {
    if (!of(body.data) || seen.has(id)) return false;
    seen.add(id);
    return true;
  });
};

describe('a subscriber', () => {
  it('hears every event of a burst in order, while workers are killed', async () => {
    const { workspaceId } = engine.workspace;
    const { db } = engine.deps;
    const secret = newWebhookSecret();
    receiver.trust(secret);
    const id = newId('webhookSubscription');
    await insertSubscription(db, {
      id,
      workspaceId,
      url: receiver.url,
      description: '',
      types: ['*'],
      filter: {},
      issuedBy: null,
      sealedSecret: engine.secrets.seal(secret, webhookPurpose(id)),
    });
    // Only those that are killed deliver.
    await engine.stopWorker();
    let worker = await engine.spawnWorker();

    const streams = Array.from({ length: 10 }, (_, index) => `stream ${index}`);
    const perStream = 30;
    // Each answer takes so long that every kill meets some under way.
    receiver.answer((response) => setTimeout(() => response.writeHead(204).end(), 20));
    for (let n = 0; n < perStream; n += 1) {
      const rows = streams.map((stream) => ({
        id: newId('event'),
        workspaceId,
        stream,
        type: 'webhook.test',
        payload: { data: { stream, n } },
      }));
      await db.insert(outbox).values(rows);
      if (n % 10 !== 5) continue;
      const before = receiver.received.length;
      await expect.poll(() => receiver.received.length).toBeGreaterThan(before);
      await worker.kill();
      worker = await engine.spawnWorker();
    }
    await expect
      .poll(() => firsts(({ n }) => n !== undefined).length, { timeout: 150_000 })
      .toBe(streams.length * perStream);
    for (const stream of streams) {
      const heard = firsts((data) => (data as { stream?: string }).stream === stream);
      expect(heard.map(({ body }) => body.data.n)).toEqual(
        Array.from({ length: perStream }, (_, n) => n),
      );
    }

    expect(receiver.forged).toEqual([]);
    await worker.kill();
  });
});
