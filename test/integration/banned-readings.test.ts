import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CheckpointQuestion, measuringActivities } from '../../src/activities/measuring.ts';
import { createSecretBox } from '../../src/credentials/secret-box.ts';
import { listReadings } from '../../src/db/item/readings.ts';
import { banAccount } from '../../src/db/publishing/channel-budgets.ts';
import type { ReadingsSource } from '../../src/metrics/readings-source.ts';
import type { SourceRegistry } from '../../src/metrics/registry.ts';
import { makeItem, makeWorkspace, openTestDb, type TestWorkspace } from '../support/db-fixture.ts';
import { newSecretKey } from '../support/item-engine.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: TestWorkspace;
beforeAll(async () => {
  database = await openTestDb();
  workspace = await makeWorkspace(database.db);
});
afterAll(() => database.close());

/** Sources that count how often they are asked. */
function countingSources(): { asked: string[]; sources: SourceRegistry } {
  const asked: string[] = [];
  const source = (id: string): ReadingsSource => ({
    id,
    async collect({ publication, checkpoint, at }) {
      asked.push(id);
      const reading = { measure: 'impressions' as const, value: 7, asOf: at, provisional: false };
      return {
        readings: [{ ...reading, publicationId: publication.id, checkpoint: checkpoint as '+24h' }],
        empty: [],
        notAvailable: [],
      };
    },
  });
  const sources: SourceRegistry = {
    // The network itself, and Baton's own counting of clicks.
    forChannel: () => [source('sandbox'), source('redirector')],
    ofAccounts: () => [],
    connected: () => null,
    open: () => 'nothing is connected here',
    check: () => Promise.reject(new Error('nobody checks here')),
  };
  return { asked, sources };
}

it('a ban silences only who asks the channel', async () => {
  const { db } = database;
  const { workspaceId } = workspace;
  const channelAccountId = workspace.channelAccounts[0]?.channelAccountId ?? '';
  const { id: itemId } = await makeItem(db, workspace);
  await banAccount(db, { workspaceId, channelAccountId, forMs: 600_000 });
  const { asked, sources } = countingSources();
  const key = newSecretKey();
  const secrets = createSecretBox({ current: key, all: [key] });
  const { collectReadings } = measuringActivities({ db, sources, secrets });
  const question: CheckpointQuestion = {
    workspaceId,
    itemId,
    publicationId: `pub_${itemId}`,
    channelAccountId,
    channel: 'sandbox',
    slotNumber: 1,
    remoteId: 'post-1',
    checkpoint: '+24h',
    publishedAt: '2026-03-02T08:00:00.000Z',
    at: '2026-03-03T08:00:00.000Z',
  };
  const answer = await collectReadings(question);
  expect(asked).toEqual(['redirector']);
  const { items } = await listReadings(db, { workspaceId, itemId, limit: 9 });
  expect(items.map(({ source, value }) => [source, value])).toEqual([['redirector', 7]]);
  expect(answer.unavailable?.map(({ source, reason }) => [source, reason])).toEqual([
    ['sandbox', 'its channel asked for silence'],
  ]);
  // The channel is asked once its silence is over.
  expect(answer.askAgainMs).toBeGreaterThan(500_000);
});
