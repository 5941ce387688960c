import { expect } from 'vitest';
import { newWebhookSecret, webhookPurpose } from '../../src/credentials/signing-secrets.ts';
import { newId } from '../../src/db/ids.ts';
import { insertSubscription } from '../../src/db/outbound/subscriptions.ts';
import { outbox } from '../../src/db/schema/index.ts';
import { openItemEngine } from './item-engine.ts';
import { startWebhookReceiver } from './webhook-receiver.ts';

const STREAMS = Array.from({ length: 10 }, (_, index) => `stream ${index}`);
/** Events of each stream around every kill of a worker. */
const PER_KILL = 10;

/** A subscriber hears each event of a burst, those of one stream in order, although workers are killed. */
export async function checkBurst({ kills }: { kills: number }): Promise<void> {
  const receiver = await startWebhookReceiver();
  const engine = await openItemEngine({ allowedOrigins: [receiver.url] });
  try {
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

    const perStream = kills * PER_KILL;
    // Each answer takes so long that every kill meets some under way.
    receiver.answer((response) => setTimeout(() => response.writeHead(204).end(), 20));
    for (let n = 0; n < perStream; n += 1) {
      const rows = STREAMS.map((stream) => ({
        id: newId('event'),
        workspaceId,
        stream,
        type: 'webhook.test',
        payload: { data: { stream, n } },
      }));
      await db.insert(outbox).values(rows);
      if (n % PER_KILL !== PER_KILL / 2) continue;
      const before = receiver.received.length;
      await expect.poll(() => receiver.received.length).toBeGreaterThan(before);
      await worker.kill();
      worker = await engine.spawnWorker();
    }
    const heard = () => {
      const ids = new Set<string>();
      return receiver.received.filter(({ id: of, body }) => {
        if (body.data.n === undefined || ids.has(of)) return false;
        ids.add(of);
        return true;
      });
    };
    await expect.poll(() => heard().length, { timeout: 150_000 }).toBe(STREAMS.length * perStream);
    for (const stream of STREAMS) {
      const ofStream = heard().filter(
        ({ body }) => (body.data as { stream?: string }).stream === stream,
      );
      expect(ofStream.map(({ body }) => body.data.n)).toEqual(
        Array.from({ length: perStream }, (_, n) => n),
      );
    }
    expect(receiver.forged).toEqual([]);
    await worker.kill();
  } finally {
    await engine.close();
    await receiver.close();
  }
}
