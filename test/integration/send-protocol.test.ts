import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Idempotency } from '../../src/channels/channel.ts';
import { banAccount } from '../../src/db/publishing/channel-budgets.ts';
import {
  type IntentRow,
  listIntents,
  planIntent,
} from '../../src/db/publishing/publish-intents.ts';
import { insertAsset } from '../../src/db/workspace/assets.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { insertPlaybook } from '../../src/db/workspace/playbooks.ts';
import { intentKeyOf, markerOf } from '../../src/domain/channel/publication-intent.ts';
import type { PublicationRecord } from '../../src/domain/item/context.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { BAN_MS, createFakeNetwork, type PublishStep } from '../support/fake-network.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { applyAhead, HOUR_MS, toScheduled } from '../support/item-story.ts';

/** A slot so near that it comes by itself. */
const SOON_MS = 1_000;
const TIMING = {
  leaseMs: 3_000,
  leaseMarginMs: 500,
  settleMs: 200,
  leasePollMs: 500,
  quietMs: 1_000,
  keyMarginMs: 500,
};

const network = createFakeNetwork();
let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine({ channels: () => network.registry, sendTiming: TIMING });
  const { workspaceId } = engine.workspace;
  const slotGraceMinutes = HASTY_GRACE_MS / 60_000;
  const playbook = { ...STANDARD_PLAYBOOK, name: 'hasty', slotGraceMinutes };
  await insertPlaybook(engine.deps.db, { workspaceId, playbook });
});
afterAll(() => engine?.close());

/** A playbook whose slots are missed before the network's silence is over. */
const HASTY_GRACE_MS = 20_000;

let accounts = 0;

/** An account of its own for each case, with a protection of its own. */
async function makeAccount(idempotency: Idempotency): Promise<string> {
  accounts += 1;
  const { id } = await insertChannelAccount(engine.deps.db, {
    workspaceId: engine.workspace.workspaceId,
    channel: 'sandbox',
    zone: 'Europe/Paris',
    name: `account ${accounts}`,
    settings: { idempotency },
  });
  return id;
}

interface Sent {
  itemId: string;
  account: string;
  publication: PublicationRecord;
  intent: IntentRow;
}

/** Publishes through a network that does these things, and waits for the outcome. */
async function publish(
  idempotency: Idempotency,
  steps: PublishStep[],
  {
    thread,
    blind = 0,
    silenceMs,
    playbook,
  }: { thread?: string[]; blind?: number; silenceMs?: number; playbook?: string } = {},
): Promise<Sent> {
  const account = await makeAccount(idempotency);
  network.order(account, ...steps);
  network.blind(account, blind, silenceMs);
  const itemId = await engine.start(playbook === undefined ? {} : { playbook });
  await toScheduled(engine, itemId, {
    slotInMs: SOON_MS,
    accounts: [account],
    ...(thread !== undefined && {
      draft: { variants: [{ channel: 'sandbox', text: 'one', thread }] },
    }),
  });
  return settled(itemId, account);
}

async function settled(itemId: string, account: string): Promise<Sent> {
  const { publications } = await engine.until(itemId, 'a settled publication', (context) =>
    context.publications.every(({ state }) => !['planned', 'due', 'sending'].includes(state)),
  );
  const publication = publications.at(-1);
  const { workspaceId } = engine.workspace;
  const intent = (await listIntents(engine.deps.db, { workspaceId, itemId })).at(-1);
  if (publication === undefined || intent === undefined) throw new Error(`${itemId}: no send`);
  return { itemId, account, publication, intent };
}

describe.concurrent('a post whose outcome got lost', () => {
  const CLASSES: Idempotency[] = ['exact', { exact_for: 3_600_000 }, 'match', 'none'];
  for (const idempotency of CLASSES) {
    it(`is found where it was accepted, and not sent again (${JSON.stringify(idempotency)})`, async () => {
      const { account, publication, intent } = await publish(idempotency, ['accept_then_lost']);
      expect(publication).toMatchObject({ state: 'published', remoteId: intent.remoteId });
      expect(publication.evidence).toContain('found by look-up');
      expect(network.posts(account)).toHaveLength(1);
      expect(intent.log).toContainEqual(
        expect.objectContaining({ what: 'lease taken', idempotency }),
      );
    });
  }

  for (const idempotency of ['exact', { exact_for: 3_600_000 }] as Idempotency[]) {
    it(`is sent again with the same key where that is harmless (${JSON.stringify(idempotency)})`, async () => {
      const { account, intent } = await publish(idempotency, ['lost', 'lost']);
      expect(intent).toMatchObject({ state: 'published', attempt: 3 });
      expect(network.posts(account)).toMatchObject([{ key: intent.intentKey }]);
    });
  }

  const NEVER: Idempotency[] = ['match', 'none', { exact_for: 2_000 }];
  for (const idempotency of NEVER) {
    it(`is looked for twice and then a person's, never sent again (${JSON.stringify(idempotency)})`, async () => {
      const { account, publication, intent } = await publish(idempotency, ['lost']);
      expect(publication).toMatchObject({ state: 'unknown' });
      expect(publication.evidence).toContain('two look-ups found nothing');
      expect(intent).toMatchObject({ state: 'unknown', attempt: 1 });
      expect(network.calls(account).map(({ kind }) => kind)).toEqual([
        'publish',
        'lookup',
        'lookup',
      ]);
    });
  }

  it('is a person’s when the attempt after it is refused: the first may be out', async () => {
    const { account, publication, intent } = await publish('exact', ['lost', 'reject']);
    expect(publication).toMatchObject({ state: 'unknown' });
    expect(publication.evidence).toContain('an earlier attempt may have gone out');
    expect(intent).toMatchObject({ state: 'unknown', segments: [{ state: 'unknown' }] });
    expect(network.posts(account)).toEqual([]);
  });

  it('is not published again when its sender came back in the meantime', async () => {
    const { itemId, account, publication, intent } = await publish('match', ['lost']);
    const { db } = engine.deps;
    await db.execute(
      sql`update publish_intents set state = 'published', remote_id = 'late' where id = ${intent.id}`,
    );
    await applyAhead(engine, SOON_MS, (at) => [
      'social_media_manager',
      itemId,
      'resolve_publication',
      {
        publicationId: publication.id,
        outcome: 'publish_again',
        evidence: 'nothing there',
        at,
      },
    ]);
    const again = await settled(itemId, account);
    expect(again.publication).toMatchObject({ state: 'unknown', slotNumber: 2 });
    expect(again.publication.evidence).toContain('an earlier slot of this account is published');
    expect(network.posts(account)).toEqual([]);
  });

  it('is a person’s at once when the channel wants no look-up until its time is over', async () => {
    const { account, publication } = await publish('match', ['accept_then_lost'], {
      blind: 1,
      silenceMs: HOUR_MS,
    });
    expect(publication).toMatchObject({ state: 'unknown' });
    expect(publication.evidence).toContain('wants no look-up for 60 minutes');
    expect(network.calls(account).map(({ kind }) => kind)).toEqual(['publish', 'lookup']);
  });

  it('is looked for again while the channel cannot tell', async () => {
    const { account, publication } = await publish('match', ['accept_then_lost'], { blind: 2 });
    expect(publication).toMatchObject({ state: 'published' });
    expect(network.posts(account)).toHaveLength(1);
  });
});

describe.concurrent('a channel that asks for silence', () => {
  it('gets no request at all before that is over', async () => {
    const { account, publication } = await publish('exact', ['rate_limited']);
    expect(publication).toMatchObject({ state: 'published' });
    const [first, second, ...more] = network.calls(account);
    expect(more).toEqual([]);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(BAN_MS);
  });

  it('gets none of another post of the account either, and no look-up', async () => {
    const account = await makeAccount('exact');
    network.order(account, 'lost', 'rate_limited');
    const [one, two] = await Promise.all([engine.start(), engine.start()]);
    await Promise.all(
      [one, two].map((itemId) =>
        toScheduled(engine, itemId, { slotInMs: 2_500, accounts: [account] }),
      ),
    );
    await Promise.all([settled(one, account), settled(two, account)]);
    expect(network.posts(account)).toHaveLength(2);
    const calls = network.calls(account);
    const banned = calls.findIndex(
      ({ at }, index) => (calls[index + 1]?.at ?? at) - at >= BAN_MS - 50,
    );
    expect(banned).toBeGreaterThanOrEqual(1);
  });
});

describe('an account that has written as much as its channel allows', () => {
  it('lets its post wait for the next write, and then it goes out once', async () => {
    const account = await makeAccount('exact');
    const filledAt = Date.now() + 5_000;
    await engine.deps.db.execute(sql`
      insert into channel_budgets (workspace_id, channel_account_id, tokens, refilled_at)
      values (${engine.workspace.workspaceId}, ${account}, 0, ${new Date(filledAt).toISOString()})`);
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: SOON_MS, accounts: [account] });
    const { publication } = await settled(itemId, account);
    expect(publication).toMatchObject({ state: 'published' });
    const [call, ...more] = network.calls(account);
    expect(more).toEqual([]);
    expect(call?.at).toBeGreaterThanOrEqual(filledAt);
  });
});

describe.concurrent('a thread', () => {
  const REST = ['two', 'three'];

  it('is published text by text, each an answer to the one before, under keys of their own', async () => {
    const { account, publication, intent } = await publish('exact', [], { thread: REST });
    expect(publication).toMatchObject({ state: 'published' });
    const posts = network.posts(account);
    expect(posts.map(({ text, parent }) => [text, parent])).toEqual([
      ['one', null],
      ['two', posts[0]?.remoteId],
      ['three', posts[1]?.remoteId],
    ]);
    expect(new Set(posts.map(({ key }) => key)).size).toBe(3);
    expect(posts[0]?.key).toBe(intent.intentKey);
    expect(publication.remoteId).toBe(posts[0]?.remoteId);
  });

  it('looks for the text whose outcome got lost, and goes on after it', async () => {
    const { account, publication } = await publish('match', ['accept', 'accept_then_lost'], {
      thread: REST,
    });
    expect(publication).toMatchObject({ state: 'published' });
    expect(network.posts(account).map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  });

  it('that is refused half-way says how much of it is out', async () => {
    const { account, publication, intent } = await publish('exact', ['accept', 'reject'], {
      thread: REST,
    });
    expect(publication).toMatchObject({ state: 'unknown' });
    expect(publication.evidence).toContain('1 of 3 texts are published');
    expect(intent.segments.map(({ state }) => state)).toEqual(['published', 'rejected', 'waiting']);
    expect(network.posts(account)).toHaveLength(1);
  });

  it('whose next text may not go out in time is half published, never missed', async () => {
    const { account, publication } = await publish('exact', ['accept', 'rate_limited_for_long'], {
      thread: REST,
      playbook: 'hasty',
    });
    expect(publication).toMatchObject({ state: 'unknown' });
    expect(publication.evidence).toContain('1 of 3 texts are published');
    expect(network.posts(account)).toHaveLength(1);
  });

  it('that is published again and not let through is half published, and goes on in the slot after', async () => {
    const { itemId, account, publication } = await publish('exact', ['accept', 'reject'], {
      thread: REST,
    });
    const { db } = engine.deps;
    const { workspaceId } = engine.workspace;
    const again = async (publicationId: string) => {
      const evidence = 'two are missing';
      await applyAhead(engine, SOON_MS, (at) => [
        'social_media_manager',
        itemId,
        'resolve_publication',
        { publicationId, outcome: 'publish_again', evidence, at },
      ]);
      return settled(itemId, account);
    };
    await banAccount(db, { workspaceId, channelAccountId: account, forMs: HOUR_MS });
    // As a sender leaves it that got as far as the account's budget.
    const identity = { workspaceId, itemId, channelAccountId: account, slotNumber: 2 };
    const intentKey = intentKeyOf(identity);
    const { contentHash } = publication;
    await planIntent(db, {
      ...identity,
      intentKey,
      marker: markerOf(intentKey),
      publicationId: publication.id,
      contentHash: contentHash ?? '',
      dueAt: new Date().toISOString(),
    });
    const second = await again(publication.id);
    expect(second.publication).toMatchObject({ state: 'unknown', slotNumber: 2 });
    expect(second.publication.evidence).toContain('1 of 3 texts are published');
    expect(network.posts(account)).toHaveLength(1);
    await db.execute(
      sql`update channel_budgets set banned_until = null where channel_account_id = ${account}`,
    );
    const third = await again(second.publication.id);
    expect(third.publication).toMatchObject({ state: 'published', slotNumber: 3 });
    expect(network.posts(account).map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  });

  it('goes on at its first missing text when a person publishes it again', async () => {
    const stopped = await publish('exact', ['accept', 'accept', 'reject'], { thread: REST });
    const { itemId, account } = stopped;
    const { id: publicationId } = stopped.publication;
    const evidence = 'the third is missing';
    await applyAhead(engine, SOON_MS, (at) => [
      'social_media_manager',
      itemId,
      'resolve_publication',
      { publicationId, outcome: 'publish_again', evidence, at },
    ]);
    const { publication } = await settled(itemId, account);
    expect(publication).toMatchObject({ state: 'published', slotNumber: 2 });
    const posts = network.posts(account);
    expect(posts.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    expect(posts[2]?.parent).toBe(posts[1]?.remoteId);
    expect(publication.remoteId).toBe(posts[0]?.remoteId);
  });
});

describe('a post whose file is not there any more', () => {
  it('is not sent without it', async () => {
    const account = await makeAccount('exact');
    const { db } = engine.deps;
    const hash = 'f'.repeat(64);
    const createdBy = engine.workspace.memberOf('creator');
    const { workspaceId } = engine.workspace;
    const file = { hash, kind: 'visual' as const, mediaType: 'image/png', size: 3 };
    await insertAsset(db, { workspaceId, createdBy, ...file });
    const itemId = await engine.start();
    await toScheduled(engine, itemId, {
      slotInMs: 3_000,
      accounts: [account],
      draft: {
        assets: [{ kind: 'visual', hash, altText: 'A picture', rights: 'own' }],
        variants: [{ channel: 'sandbox', text: 'with a picture', assets: [hash] }],
      },
    });
    await db.execute(sql`delete from assets where hash = ${hash}`);
    const { publications } = await engine.until(itemId, 'a rejected publication', (context) =>
      context.publications.every(({ state }) => state === 'rejected'),
    );
    expect(publications.at(-1)?.evidence).toContain(`its file ${hash} is not there any more`);
    expect(network.calls(account)).toEqual([]);
  });
});
