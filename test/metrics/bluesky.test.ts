import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installAtproto } from '../bluesky/install-pds.ts';
import { makeAccount, type PdsAccount } from '../bluesky/pds-account.ts';
import { type ServerProcess, startServer } from '../bluesky/pds-process.ts';
import { eventually } from '../support/eventually.ts';
import { openSource, questionFor, valuesOf } from '../support/source-server.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/stack-database.ts';

let database: TestDatabase;
let network: ServerProcess;
let ours: PdsAccount;
let other: PdsAccount;
beforeAll(async () => {
  const installed = installAtproto({
    source: join(import.meta.dirname, 'server'),
    cache: 'test-metrics',
    script: 'appview.mjs',
  });
  database = await createEmptyDatabase();
  network = await startServer(installed, [database.url]);
  [ours, other] = [await makeAccount(network.url), await makeAccount(network.url)];
});
afterAll(async () => {
  await network?.stop();
  await database?.drop();
});

const POST = 'app.bsky.feed.post';
const source = (appPassword = ours.appPassword) =>
  openSource('bluesky', {
    url: network.url,
    config: { service: network.url, handle: ours.handle },
    secret: { appPassword },
  });
const read = async (remoteId: string) =>
  valuesOf(await source().collect(questionFor('bluesky', { remoteId })));

/** Waits for the AppView: it indexes what it hears. */
async function untilRead(remoteId: string, expected: object) {
  await eventually(
    async () => {
      const values = await read(remoteId);
      return Object.entries(expected).every(
        ([name, value]) => JSON.stringify(Object(values)[name]) === JSON.stringify(value),
      );
    },
    { what: `counts ${JSON.stringify(expected)}` },
  );
}

describe('counts of a real AppView', () => {
  it('are what others did to the post, and fall when they take it back', async () => {
    const subject = await ours.add(POST, { text: 'A post with counts' });
    await untilRead(subject.uri, { reactions: 0, comments: 0, shares: 0, saves: 0 });
    const like = await other.add('app.bsky.feed.like', { subject });
    await other.add('app.bsky.feed.repost', { subject });
    await other.add(POST, { text: 'An answer', reply: { root: subject, parent: subject } });
    await other.add(POST, {
      text: 'A quote',
      embed: { $type: 'app.bsky.embed.record', record: subject },
    });
    await other.add('app.bsky.graph.follow', { subject: ours.did });
    await untilRead(subject.uri, { reactions: 1, comments: 1, shares: 2, followers: 1 });
    await other.remove('app.bsky.feed.like', like.uri);
    await untilRead(subject.uri, { reactions: 0, shares: 2 });
  });

  it('of a deleted post are empty, never zero', async () => {
    const { uri } = await ours.add(POST, { text: 'A post that goes away' });
    await untilRead(uri, { reactions: 0 });
    await ours.remove(POST, uri);
    await untilRead(uri, { empty: ['reactions', 'comments', 'shares', 'saves'] });
  });

  it('before the post are the followers of the account', async () => {
    const before = questionFor('bluesky', { publishedAt: null, remoteId: null });
    const reply = await source().collect({ ...before, checkpoint: 'baseline' });
    expect(valuesOf(reply)).toMatchObject({ followers: expect.any(Number), empty: [] });
  });

  it('are refused with a wrong password', async () => {
    const reply = await source('wrong-password').collect(questionFor('bluesky'));
    expect(reply).toMatchObject({ retry: false, credentialsRefused: true });
    expect(JSON.stringify(reply)).not.toContain('wrong-password');
  });
});
