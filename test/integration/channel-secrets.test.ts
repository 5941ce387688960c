import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sealCredentials } from '../../src/credentials/account-credentials.ts';
import { createSecretBox } from '../../src/credentials/secret-box.ts';
import { updateChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { type Json, openApi, type TestApi } from '../support/api-fixture.ts';
import { databaseText } from '../support/database-text.ts';
import { type FakePds, startFakePds } from '../support/fake-pds.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toScheduled } from '../support/item-story.ts';

const SOON_MS = 2_000;

let pds: FakePds;
let engine: ItemEngine;
let api: TestApi;
beforeAll(async () => {
  pds = await startFakePds();
  engine = await openItemEngine({ allowedOrigins: [pds.url] });
  api = await openApi({ ...engine.deps, sender: engine.sender }, { secrets: engine.secrets });
});
afterAll(async () => {
  await api?.close();
  await engine?.close();
  await pds?.close();
});

const keyOf = (role: string) =>
  engine.workspace.members.find((member) => member.role === role)?.key ?? null;

async function addAccount(): Promise<Json> {
  const { json, status } = await api.call(
    keyOf('social_media_manager'),
    'POST',
    '/v1/channel-accounts',
    {
      body: {
        channel: 'bluesky',
        name: 'baton.test',
        zone: 'Europe/Paris',
        settings: { service: pds.url },
        credentials: { appPassword: pds.password },
      },
    },
  );
  expect(status).toBe(201);
  return json;
}

async function scheduleOn(account: string): Promise<string> {
  const itemId = await engine.start();
  await toScheduled(engine, itemId, {
    slotInMs: SOON_MS,
    accounts: [account],
    brief: { channels: ['bluesky'] },
    draft: { variants: [{ channel: 'bluesky', text: 'Three shops, one order book.' }] },
  });
  return itemId;
}

describe('the secrets of an account', () => {
  it('are in no table, history, answer or log after a post went out', async () => {
    const account = await addAccount();
    const itemId = await scheduleOn(account.id);
    await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
    expect(pds.records.size).toBe(1);
    const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    const history = await handle.fetchHistory();
    const answers = await Promise.all(
      ['/v1/channel-accounts', `/v1/items/${itemId}`, `/v1/items/${itemId}/timeline`].map((path) =>
        api.call(keyOf('strategist'), 'GET', path),
      ),
    );
    const seen = [
      await databaseText(engine.deps.db),
      JSON.stringify(history),
      JSON.stringify(api.logged),
      ...answers.map(({ text }) => text),
      JSON.stringify(account),
    ].join('\n');
    // What came in at the server proves that these were the secrets in use.
    expect(pds.said.join('\n')).toContain(pds.password);
    expect(seen).toContain('baton.test');
    expect(seen).not.toContain(pds.password);
    expect(seen).not.toMatch(/(access|refresh)-[0-9a-f]{8}-/);
  });

  it('whose key is gone stop the send with evidence, and nothing is posted', async () => {
    const account = await addAccount();
    const lost = { id: 'lostlost', bytes: Buffer.alloc(32, 7) };
    const credentials = sealCredentials(createSecretBox({ current: lost, all: [] }), {
      id: account.id,
      credentials: { appPassword: 'x' },
    });
    const { workspaceId } = engine.workspace;
    const change = { credentials };
    await updateChannelAccount(engine.deps.db, {
      workspaceId,
      channelAccountId: account.id,
      change,
    });
    const before = pds.records.size;
    const itemId = await scheduleOn(account.id);
    const { publications } = await engine.until(itemId, 'rejected', (context) =>
      context.publications.some(({ state }) => state === 'rejected'),
    );
    expect(publications[0]?.evidence).toContain('sealed with the unknown key lostlost');
    expect(pds.records.size).toBe(before);
  });
});
