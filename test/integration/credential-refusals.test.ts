import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChannelRegistry } from '../../src/channels/registry.ts';
import { cannotTellAfter } from '../../src/channels/request-outcomes.ts';
import { findInTables } from '../../src/db/audit/findings.ts';
import { type Json, openApi, type TestApi } from '../support/api-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { type FakePds, startFakePds } from '../support/fake-pds.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toScheduled } from '../support/item-story.ts';

/** Of this account a send gets lost, and the look-up after it meets refused credentials. */
const LOST = 'lost.baton.test';

function losing(real: ChannelRegistry): ChannelRegistry {
  return {
    get(id) {
      const channel = real.get(id);
      if (channel === null) return null;
      return {
        ...channel,
        publish: (request) =>
          request.account.name === LOST
            ? Promise.resolve({ outcome: 'unknown', code: 'connection_lost', message: 'gone' })
            : channel.publish(request),
        lookup: (request) =>
          request.account.name === LOST
            ? Promise.resolve(
                cannotTellAfter({
                  outcome: 'rejected',
                  code: 'credentials_refused',
                  message: 'revoked',
                }),
              )
            : channel.lookup(request),
      };
    },
  };
}

let pds: FakePds;
let engine: ItemEngine;
let api: TestApi;
beforeAll(async () => {
  pds = await startFakePds();
  engine = await openItemEngine({ allowedOrigins: [pds.url], channels: losing });
  api = await openApi({ ...engine.deps, sender: engine.sender }, { secrets: engine.secrets });
});
afterAll(async () => {
  await api?.close();
  await engine?.close();
  await pds?.close();
});

const call = (method: string, path: string, body: object) => {
  const { members } = engine.workspace;
  const key = members.find(({ role }) => role === 'social_media_manager')?.key ?? null;
  return api.call(key, method, path, { body });
};

async function addAccount(appPassword: string, name = 'baton.test'): Promise<Json> {
  const { json, status } = await call('POST', '/v1/channel-accounts', {
    channel: 'bluesky',
    name,
    zone: 'Europe/Paris',
    settings: { service: pds.url },
    credentials: { appPassword },
  });
  expect(status).toBe(201);
  return json;
}

async function scheduleOn(account: string): Promise<string> {
  const itemId = await engine.start();
  await toScheduled(engine, itemId, {
    slotInMs: 1_500,
    accounts: [account],
    brief: { channels: ['bluesky'] },
    draft: { variants: [{ channel: 'bluesky', text: `Three shops, one order book: ${itemId}` }] },
  });
  return itemId;
}

async function publishOn(account: string): Promise<string | undefined> {
  const itemId = await scheduleOn(account);
  const { publications } = await engine.until(itemId, 'a settled post', (context) =>
    context.publications.every(({ state }) => /published|rejected/.test(state)),
  );
  return publications[0]?.state;
}

const refusals = () =>
  findInTables(engine.deps.db, {
    workspaceId: engine.workspace.workspaceId,
    now: new Date().toISOString(),
    codes: ['token_expiring'],
    limit: 10,
  });

it('a send that meets refused credentials tells the audit, which needs no worker for it', async () => {
  const { id } = await addAccount('revoked');
  expect(await refusals()).toEqual([]);
  expect(await publishOn(id)).toBe('rejected');
  const [finding] = await refusals();
  expect(finding?.evidence).toMatchObject({ channelAccountId: id });
  expect(finding?.evidence['refusal']).toContain('401 AuthenticationRequired');
  expect(JSON.stringify(finding)).not.toContain('revoked');
  await engine.stopWorker();
  expect(await refusals()).toEqual([finding]);
  await engine.startWorker();
  const body = { credentials: { appPassword: pds.password } };
  expect((await call('PUT', `/v1/channel-accounts/${id}/credentials`, body)).status).toBe(200);
  expect(await refusals()).toEqual([]);
  expect(await publishOn(id)).toBe('published');
});

it('a post that goes out takes a refusal back', async () => {
  const { id } = await addAccount(pds.password);
  const { db } = engine.deps;
  await db.execute(sql`
    insert into credential_refusals (channel_account_id, workspace_id, why)
    values (${id}, ${engine.workspace.workspaceId}, 'a network that was mistaken')`);
  expect(await refusals()).toHaveLength(1);
  expect(await publishOn(id)).toBe('published');
  expect(await refusals()).toEqual([]);
});

it('a look-up that meets refused credentials tells the audit as well', async () => {
  const { id } = await addAccount(pds.password, LOST);
  await scheduleOn(id);
  const [finding] = await eventually(
    async () => {
      const found = await refusals();
      return found.length > 0 ? found : null;
    },
    { what: 'a refusal met by a look-up' },
  );
  expect(finding?.evidence).toMatchObject({ channelAccountId: id, refusal: 'revoked' });
});
