import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownPostOf } from '../../src/activities/publishing/own-post.ts';
import type { LookupOutcome, RemotePost } from '../../src/channels/channel.ts';
import { planIntent, resolveIntent } from '../../src/db/publishing/publish-intents.ts';
import { findPostHolder, listHeldPosts } from '../../src/db/publishing/remote-posts.ts';
import { settleIntent, takeSendLease } from '../../src/db/publishing/send-leases.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import {
  intentKeyOf,
  markerOf,
  type PublicationOrder,
} from '../../src/domain/channel/publication-intent.ts';
import {
  newSegments,
  type Segment,
  withSegment,
} from '../../src/domain/channel/publish-segments.ts';
import { makeItem, makeWorkspace, openTestDb, type TestWorkspace } from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: TestWorkspace;
beforeAll(async () => {
  database = await openTestDb();
  workspace = await makeWorkspace(database.db);
});
afterAll(() => database.close());

const CONTENT_HASH = 'c'.repeat(64);

async function newAccount(server: string, of = workspace, name = 'boulangerie'): Promise<string> {
  const { workspaceId } = of;
  const settings = { server };
  const { id } = await insertChannelAccount(database.db, {
    workspaceId,
    channel: 'mastodon',
    name,
    zone: 'Europe/Paris',
    settings,
  });
  return id;
}

let servers = 0;
const newServer = (): string => {
  servers += 1;
  return `https://${servers}.example`;
};

interface Sending {
  order: PublicationOrder;
  segment: Segment;
  lease: { workspaceId: string; intentKey: string; leaseToken: string };
}

/** A post whose one text is being sent. */
async function begin(
  channelAccountId: string,
  { text = 'Du pain', of = workspace, slotNumber = 1, itemId = '' } = {},
): Promise<Sending> {
  const { db } = database;
  const { workspaceId } = of;
  const item = itemId === '' ? (await makeItem(db, of)).id : itemId;
  const identity = { workspaceId, itemId: item, channelAccountId, slotNumber };
  const intentKey = intentKeyOf(identity);
  const dueAt = new Date().toISOString();
  const publicationId = `pub_${intentKey.slice(0, 12)}`;
  const comparable = text.replaceAll(/\s/g, '');
  const segments = withSegment(newSegments(intentKey, [{ text, comparable }]), 0, {
    state: 'sending',
    firstAttemptAt: dueAt,
  });
  const intent = { ...identity, publicationId, intentKey, dueAt, contentHash: CONTENT_HASH };
  await planIntent(db, { ...intent, marker: markerOf(intentKey) });
  const lease = await takeSendLease(db, {
    workspaceId,
    intentKey,
    approvedContentHash: CONTENT_HASH,
    leaseMs: 60_000,
    segments,
  });
  const [segment] = segments;
  if (!lease.taken || segment === undefined) throw new Error('the lease of a test was taken');
  return {
    order: {
      ...identity,
      publicationId,
      channel: 'mastodon',
      contentHash: CONTENT_HASH,
      briefHash: '',
      draftHash: '',
      dueAt,
      sendUntil: dueAt,
    },
    segment,
    lease: { workspaceId, intentKey, leaseToken: lease.leaseToken },
  };
}

const doubt = ({ lease, segment }: Sending) =>
  settleIntent(database.db, {
    ...lease,
    segments: [{ ...segment, state: 'unknown' }],
    outcome: { state: 'unknown', evidence: {} },
  });

const succeed = ({ lease, segment }: Sending, remoteId: string) =>
  settleIntent(database.db, {
    ...lease,
    segments: [{ ...segment, state: 'published', remoteId }],
    outcome: { state: 'published', remoteId },
  });

const post = (remoteId: string): RemotePost => ({
  remoteId,
  permalink: null,
  at: new Date().toISOString(),
});

const found = (first: string, ...others: string[]) =>
  ({ outcome: 'found', post: post(first), others: others.map(post), byText: true }) as const;

const judge = ({ order, segment }: Sending, answer: Extract<LookupOutcome, { outcome: 'found' }>) =>
  ownPostOf(database, { order, segment }, answer);

describe('what was found by its text', () => {
  it('is the post when it is the only one and nobody else may have made it', async () => {
    const mine = await begin(await newAccount(newServer()));
    expect(await judge(mine, found('1'))).toMatchObject({
      outcome: 'found',
      post: { remoteId: '1' },
    });
  });

  it('is never one that another publication holds, here or under another name of the account', async () => {
    const server = newServer();
    const account = await newAccount(server);
    await succeed(await begin(account), '1');
    for (const own of [account, await newAccount(server)]) {
      const mine = await begin(own);
      expect(await judge(mine, found('1'))).toEqual({ outcome: 'absent' });
      expect(await judge(mine, { ...found('1'), incomplete: true })).toMatchObject({
        outcome: 'cannot_tell',
      });
      expect(await judge(mine, found('1', '2'))).toMatchObject({ post: { remoteId: '2' } });
      await succeed(mine, `its own ${own}`);
    }
    const elsewhere = await begin(await newAccount(newServer()));
    expect(await judge(elsewhere, found('1'))).toMatchObject({ outcome: 'found' });
  });

  it('waits while another post that reads the same is being sent', async () => {
    const account = await newAccount(newServer());
    const [mine, other] = [await begin(account), await begin(account, { text: ' Du  pain ' })];
    expect(await judge(mine, found('1'))).toMatchObject({ outcome: 'cannot_tell' });
    await doubt(other);
    expect(await judge(mine, found('1'))).toMatchObject({ outcome: 'ambiguous' });
    await succeed(other, '2');
    expect(await judge(mine, found('1'))).toMatchObject({ outcome: 'found' });
  });

  it('may be of one that a person called not live, and of an earlier slot of the same item', async () => {
    const account = await newAccount(newServer());
    const earlier = await begin(account);
    await doubt(earlier);
    const { workspaceId, intentKey } = earlier.lease;
    await resolveIntent(database.db, {
      workspaceId,
      intentKey,
      resolution: 'publish_again',
      evidence: {},
    });
    const mine = await begin(account, { itemId: earlier.order.itemId, slotNumber: 2 });
    expect(await judge(mine, found('1'))).toMatchObject({
      outcome: 'ambiguous',
      message: expect.stringContaining(earlier.order.publicationId),
    });
  });

  it('does not mind a post that reads otherwise, was refused, or is another account’s', async () => {
    const server = newServer();
    const account = await newAccount(server);
    await doubt(await begin(await newAccount(server, workspace, 'fromagerie')));
    await doubt(await begin(account, { text: 'Du vin' }));
    const { lease, segment } = await begin(account);
    await settleIntent(database.db, {
      ...lease,
      segments: [{ ...segment, state: 'rejected' }],
      outcome: { state: 'rejected', evidence: {} },
    });
    expect(await judge(await begin(account), found('1'))).toMatchObject({ outcome: 'found' });
  });

  it('is nobody’s where several read the same', async () => {
    const mine = await begin(await newAccount(newServer()));
    expect(await judge(mine, found('1', '2'))).toMatchObject({ outcome: 'ambiguous' });
  });
});

describe('what was found by its key', () => {
  it('is believed unless another publication holds it', async () => {
    const account = await newAccount(newServer());
    const { byText: _, ...byKey } = found('1', '2');
    const mine = await begin(account);
    expect(await judge(mine, byKey)).toEqual(byKey);
    await succeed(await begin(account), '2');
    expect(await judge(mine, byKey)).toMatchObject({ outcome: 'ambiguous' });
  });
});

describe('the tables', () => {
  it('let no two publications of a network hold one post, in whatever way', async () => {
    const server = newServer();
    const account = await newAccount(server);
    await succeed(await begin(account), '1');
    const other = await begin(await newAccount(server));
    await expect(succeed(other, '1')).rejects.toMatchObject({ cause: { code: '23505' } });
    const { workspaceId, intentKey } = other.lease;
    await expect(
      resolveIntent(database.db, {
        workspaceId,
        intentKey,
        resolution: 'live',
        evidence: {},
        remoteId: '1',
      }),
    ).rejects.toMatchObject({ cause: { code: '23505' } });
    await succeed(other, '2');
    await succeed(await begin(await newAccount(newServer())), '1');
  });

  it('nor of two workspaces, unless it is a person’s word alone', async () => {
    const server = newServer();
    const theirs = await makeWorkspace(database.db);
    const [first, second, third] = [
      await begin(await newAccount(server)),
      await begin(await newAccount(server, theirs), { of: theirs }),
      await begin(await newAccount(server, theirs), { of: theirs }),
    ];
    await resolveIntent(database.db, {
      workspaceId: second.lease.workspaceId,
      intentKey: second.lease.intentKey,
      resolution: 'live',
      evidence: {},
      remoteId: '1',
    });
    await succeed(first, '1');
    await succeed(third, '3');
    await expect(succeed(await begin(await newAccount(server)), '3')).rejects.toMatchObject({
      cause: { code: '23505' },
    });
  });

  it('are read by their own workspace alone', async () => {
    const { db } = database;
    const first = await begin(await newAccount(newServer()));
    await succeed(first, '1');
    const { itemId, channelAccountId, publicationId } = first.order;
    const theirs = await makeWorkspace(db);
    const asks = (of: TestWorkspace, itemId: string) => {
      const { workspaceId } = of;
      const owner = { workspaceId, itemId, channelAccountId, publicationId: 'pub_other' };
      return Promise.all([
        findPostHolder(db, { ...owner, remoteId: '1' }),
        listHeldPosts(db, { ...owner, position: 0, remoteIds: ['1'] }),
      ]);
    };
    expect(await asks(workspace, 'itm_other')).toEqual([{ publicationId, itemId }, new Set(['1'])]);
    expect(await asks(theirs, 'itm_other')).toEqual([null, new Set()]);
  });

  it('of two senders that are told the same post at once, one gets it', async () => {
    const account = await newAccount(newServer());
    const [one, two] = [await begin(account), await begin(account)];
    const outcomes = await Promise.allSettled([succeed(one, '1'), succeed(two, '1')]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });
});
