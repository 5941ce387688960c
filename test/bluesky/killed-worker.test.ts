import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { sealCredentials } from '../../src/credentials/account-credentials.ts';
import { newId } from '../../src/db/ids.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toScheduled } from '../support/item-story.ts';
import { makeAccount } from './pds-account.ts';
import { startProxy, type WatchedProxy } from './watched-proxy.ts';

let proxy: WatchedProxy;
let engine: ItemEngine;
beforeAll(async () => {
  proxy = await startProxy(inject('pdsUrl'));
  engine = await openItemEngine({ allowedOrigins: [proxy.url] });
}, 120_000);
afterAll(async () => {
  await engine?.close();
  await proxy?.close();
});

it('a worker that is killed in the call leaves exactly one post, and the look-up finds it', async () => {
  const theirs = await makeAccount();
  const id = newId('channelAccount');
  const { appPassword } = theirs;
  await insertChannelAccount(engine.deps.db, {
    id,
    workspaceId: engine.workspace.workspaceId,
    channel: 'bluesky',
    name: theirs.handle,
    zone: 'Europe/Paris',
    settings: { service: proxy.url, handle: theirs.handle },
    credentials: sealCredentials(engine.secrets, { id, credentials: { appPassword } }),
  });
  const itemId = await engine.start();
  let killed = false;
  await toScheduled(engine, itemId, {
    slotInMs: 15_000,
    accounts: [id],
    brief: { channels: ['bluesky'] },
    draft: { variants: [{ channel: 'bluesky', text: 'Three shops, one order book. #bread' }] },
  });
  await engine.stopWorker();
  const worker = await engine.spawnWorker();
  proxy.loseNextAnswer('com.atproto.repo.putRecord', async () => {
    await worker.kill();
    killed = true;
  });
  await eventually(() => killed, { what: 'a worker killed in the call', withinMs: 60_000 });
  expect(await theirs.posts()).toHaveLength(1);
  await engine.startWorker();
  const { publications } = await engine.until(
    itemId,
    'measuring',
    ({ stage }) => stage === 'measuring',
  );
  const posts = await theirs.posts();
  expect(posts.map(({ value }) => value.text)).toEqual(['Three shops, one order book. #bread']);
  expect(publications).toMatchObject([{ state: 'published', remoteId: posts[0]?.uri }]);
  expect(publications[0]?.evidence).toContain('found by look-up');
  expect(proxy.count('com.atproto.repo.putRecord')).toBe(1);
}, 240_000);
