import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resealSecrets } from '../../scripts/reseal/reseal-secrets.ts';
import {
  openCredentials,
  openSession,
  sealCredentials,
  sealSession,
} from '../../src/credentials/account-credentials.ts';
import { type BoxKey, createSecretBox } from '../../src/credentials/secret-box.ts';
import { newWebhookSecret, webhookPurpose } from '../../src/credentials/signing-secrets.ts';
import { slackPurpose } from '../../src/credentials/slack-purpose.ts';
import { newId } from '../../src/db/ids.ts';
import {
  getChannelSession,
  renewChannelSession,
} from '../../src/db/publishing/channel-sessions.ts';
import {
  NO_CHOICE,
  readPreferences,
  readSlackChannel,
  savePreferences,
  saveSlackChannel,
} from '../../src/db/telling/preferences.ts';
import {
  getChannelAccount,
  insertChannelAccount,
} from '../../src/db/workspace/channel-accounts.ts';
import { getMetricSource, insertMetricSource } from '../../src/db/workspace/metric-sources.ts';
import {
  getWebhookEndpoint,
  insertWebhookEndpoint,
  rotateWebhookSecret,
} from '../../src/db/workspace/webhook-endpoints.ts';
import { makeWorkspace, openTestDb } from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
beforeAll(async () => {
  database = await openTestDb();
});
afterAll(() => database.close());

const keyOf = (id: string): BoxKey => ({ id, bytes: randomBytes(32) });

it('every secret is brought under the new key, and one that no key opens is named', async () => {
  const { db } = database;
  const [gone, old, current] = [keyOf('gone'), keyOf('old'), keyOf('current')];
  const before = createSecretBox({ current: old, all: [old] });
  const { workspaceId, memberOf } = await makeWorkspace(db);
  const add = (box: typeof before, credentials: Record<string, unknown>) => {
    const id = newId('channelAccount');
    return insertChannelAccount(db, {
      id,
      workspaceId,
      channel: 'bluesky',
      name: id,
      zone: 'UTC',
      credentials: sealCredentials(box, { id, credentials }),
    });
  };
  const { id } = await add(before, { appPassword: 'one' });
  const lost = await add(createSecretBox({ current: gone, all: [gone] }), { appPassword: 'two' });
  await renewChannelSession(db, { channelAccountId: id }, async () =>
    sealSession(before, { id, session: 'a session' }),
  );
  const metricSourceId = newId('metricSource');
  await insertMetricSource(db, {
    id: metricSourceId,
    workspaceId,
    kind: 'goatcounter',
    name: 'site',
    config: {},
    zone: 'UTC',
    sites: [],
    channelAccountIds: [],
    credentials: sealCredentials(before, { id: metricSourceId, credentials: { token: 'one' } }),
  });
  const endpointId = newId('webhookEndpoint');
  const [first, second] = [newWebhookSecret(), newWebhookSecret()];
  const sealWebhook = (secret: string) => before.seal(secret, webhookPurpose(endpointId));
  await insertWebhookEndpoint(db, {
    id: endpointId,
    workspaceId,
    kind: 'standard',
    name: 'w',
    decisions: ['sign_off'],
    memberId: memberOf('editor'),
    sealedSecret: sealWebhook(first),
  });
  await rotateWebhookSecret(db, { workspaceId, endpointId, sealedSecret: sealWebhook(second) });

  const memberId = memberOf('editor');
  const slackUrl = before.seal('https://hooks.example/own', slackPurpose(memberId));
  const choice = { ...NO_CHOICE, sealedSlackUrl: slackUrl };
  await savePreferences(db, { workspaceId, memberId, ...choice });
  const sharedUrl = before.seal('https://hooks.example/all', slackPurpose(workspaceId));
  await saveSlackChannel(db, { workspaceId, sealed: sharedUrl });

  const both = createSecretBox({ current, all: [current, old] });
  const given = { secrets: both, keyId: current.id };
  const unreadable = [`channel account ${lost.id}`];
  expect(await resealSecrets(db, given)).toEqual({ resealed: 7, current: 0, unreadable });
  expect(await resealSecrets(db, given)).toEqual({ resealed: 0, current: 7, unreadable });

  const after = createSecretBox({ current, all: [current] });
  const account = await getChannelAccount(db, { workspaceId, channelAccountId: id });
  expect(openCredentials(after, { id, credentials: account?.credentials ?? null })).toEqual({
    appPassword: 'one',
  });
  const source = await getMetricSource(db, { workspaceId, metricSourceId });
  expect(openCredentials(after, source ?? { id: '', credentials: null })).toEqual({ token: 'one' });
  const sealed = await getChannelSession(db, { channelAccountId: id });
  expect(openSession(after, { id, sealed })).toBe('a session');
  const endpoint = await getWebhookEndpoint(db, { workspaceId, endpointId });
  expect(
    endpoint?.secrets.map((secret) => after.open(secret.sealed, webhookPurpose(endpointId))),
  ).toEqual([second, first]);
  const chosen = await readPreferences(db, { workspaceId, memberIds: [memberId] });
  const own = chosen.get(memberId)?.sealedSlackUrl ?? '';
  expect(after.open(own, slackPurpose(memberId))).toBe('https://hooks.example/own');
  const shared = (await readSlackChannel(db, { workspaceId }))?.sealed ?? '';
  expect(after.open(shared, slackPurpose(workspaceId))).toBe('https://hooks.example/all');
});
