import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PublishOutcome, RemotePost } from '../../src/channels/channel.ts';
import { publishInSteps } from '../../src/channels/publish-steps.ts';
import type { ChannelRegistry } from '../../src/channels/registry.ts';
import { sealCredentials } from '../../src/credentials/account-credentials.ts';
import { newId } from '../../src/db/ids.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import type { ChannelId } from '../../src/domain/channel/channels.ts';
import type { PublicationRecord } from '../../src/domain/item/context.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toScheduled } from '../support/item-story.ts';
import { HOUR_MS, type OwnAccount } from '../support/mastodon/fixture.ts';
import { type MastodonServer, startMastodonServer } from '../support/mastodon/server.ts';

const TIMING = {
  leaseMs: 3_000,
  leaseMarginMs: 500,
  settleMs: 200,
  leasePollMs: 500,
  quietMs: 1_000,
  keyMarginMs: 500,
};
/** A slot so near that it comes by itself. */
const SOON_MS = 1_500;

/** Names of sandbox accounts whose network is not to be believed. */
const PARROT = 'parrot';
const CONFUSED = 'confused';
const BROKEN = 'broken';
const ALWAYS: RemotePost = {
  remoteId: 'the same for all',
  permalink: null,
  at: '2026-11-02T09:00:00.000Z',
};
/** What a look-up on the confused account names. */
let named = ALWAYS;
const LOST: PublishOutcome = { outcome: 'unknown', code: 'connection_lost', message: 'gone' };

function odd(real: ChannelRegistry): ChannelRegistry {
  return {
    get(id) {
      const channel = real.get(id);
      if (id !== 'sandbox' || channel === null) return channel;
      const broken = publishInSteps({
        prepare: () => Promise.reject(new RangeError('no such language')),
        write: () => Promise.reject(new Error('never here')),
      });
      return {
        ...channel,
        publish(request) {
          const { name } = request.account;
          if (name === PARROT) return Promise.resolve({ outcome: 'published', ...ALWAYS });
          if (name === CONFUSED) return Promise.resolve(LOST);
          return name === BROKEN ? broken(request) : channel.publish(request);
        },
        lookup(request) {
          const { name } = request.account;
          return name === PARROT || name === CONFUSED
            ? Promise.resolve({ outcome: 'found', post: named, others: [] })
            : channel.lookup(request);
        },
      };
    },
  };
}

let keeping: MastodonServer;
let keyless: MastodonServer;
let engine: ItemEngine;
beforeAll(async () => {
  keeping = await startMastodonServer({ keyWindowMs: HOUR_MS });
  keyless = await startMastodonServer({ keyWindowMs: null });
  engine = await openItemEngine({
    allowedOrigins: [keeping.origin, keyless.origin],
    sendTiming: TIMING,
    channels: odd,
  });
  const publisher = engine.workspace.memberOf('social_media_manager');
  await engine.deps.db.execute(
    sql`update members set platform_tags = platform_tags || '{"mastodon": 3}' where id = ${publisher}`,
  );
});
afterAll(async () => {
  await engine?.close();
  await keeping?.close();
  await keyless?.close();
});

interface Place {
  server: MastodonServer;
  poster: OwnAccount;
  software: 'mastodon' | 'gotosocial';
}

const newPlace = (software: Place['software']): Place => {
  const server = software === 'mastodon' ? keeping : keyless;
  return { server, software, poster: server.newAccount() };
};

async function connect({ server, poster, software }: Place): Promise<string> {
  const id = newId('channelAccount');
  await insertChannelAccount(engine.deps.db, {
    id,
    workspaceId: engine.workspace.workspaceId,
    channel: 'mastodon',
    name: `${poster.name} ${poster.id}`,
    zone: 'Europe/Paris',
    settings: { server: server.origin, software },
    credentials: sealCredentials(engine.secrets, {
      id,
      credentials: { accessToken: poster.token },
    }),
  });
  return id;
}

async function schedule(
  account: string,
  text: string,
  channel: ChannelId = 'mastodon',
): Promise<string> {
  const itemId = await engine.start();
  await toScheduled(engine, itemId, {
    slotInMs: SOON_MS,
    accounts: [account],
    brief: { channels: [channel] },
    draft: { variants: [{ channel, text }] },
  });
  return itemId;
}

async function settled(itemId: string): Promise<PublicationRecord> {
  const { publications } = await engine.until(itemId, 'a settled publication', (context) =>
    context.publications.every(({ state }) => !['planned', 'due', 'sending'].includes(state)),
  );
  const record = publications.at(-1);
  if (record === undefined) throw new Error(`${itemId} has no publication`);
  return record;
}

const publish = async (account: string, text: string, channel?: ChannelId) =>
  settled(await schedule(account, text, channel));

const TEXT = 'Trois boulangeries, un carnet, moins de pain jeté. Merci @ana@a.example';

describe.concurrent('two posts that read the same', () => {
  it.each([
    ['one text', TEXT],
    ['texts that differ in white space', TEXT.replaceAll(' ', '  ')],
    ['texts that differ in the server of a mention', TEXT.replace('a.example', 'b.example')],
  ])(
    '%s: the second one hangs, is not there, and is sent again under its own key',
    async (_, text) => {
      const place = newPlace('mastodon');
      const account = await connect(place);
      const first = await publish(account, TEXT);
      place.server.fail(place.poster, 'hangs');
      const second = await publish(account, text);
      expect(second).toMatchObject({ state: 'published' });
      const [one, two, ...more] = place.server.network.of(place.poster.id).map(({ id }) => id);
      expect([first.remoteId, second.remoteId]).toEqual([one, two]);
      expect(more).toEqual([]);
    },
  );

  it('without a key, a person has to say', async () => {
    const place = newPlace('gotosocial');
    const account = await connect(place);
    const first = await publish(account, TEXT);
    place.server.fail(place.poster, 'hangs');
    const second = await publish(account, TEXT);
    expect(second).toMatchObject({ state: 'unknown', remoteId: null });
    expect(second.evidence).toContain('two look-ups found nothing');
    expect(first).toMatchObject({ state: 'published' });
  });

  it('nor is the post of the same account under another name taken', async () => {
    const place = newPlace('gotosocial');
    const [here, there] = [await connect(place), await connect(place)];
    await publish(here, TEXT);
    place.server.fail(place.poster, 'hangs');
    expect(await publish(there, TEXT)).toMatchObject({ state: 'unknown', remoteId: null });
  });

  it('of two in doubt none gets the post of the other', async () => {
    const place = newPlace('gotosocial');
    const account = await connect(place);
    place.server.fail(place.poster, 'accepts and hangs');
    place.server.fail(place.poster, 'hangs');
    const items = await Promise.all([schedule(account, TEXT), schedule(account, ` ${TEXT} `)]);
    const records = await Promise.all(items.map(settled));
    const [accepted, ...more] = place.server.network.of(place.poster.id);
    expect(more).toEqual([]);
    for (const [index, { state, remoteId }] of records.entries()) {
      const [intent] = await engine.intents(items[index] ?? '');
      const isItsOwn = intent?.intentKey === accepted?.idempotencyKey;
      // Whether its maker can be told depends on when the other one was tried.
      if (!isItsOwn) expect({ state, remoteId }).toEqual({ state: 'unknown', remoteId: null });
      else expect([null, accepted?.id]).toContain(remoteId);
    }
  });

  it('three at once: the one in doubt gets its own', async () => {
    const place = newPlace('gotosocial');
    const account = await connect(place);
    place.server.fail(place.poster, 'accepts and hangs');
    const items = await Promise.all([1, 2, 3].map(() => schedule(account, TEXT)));
    const records = await Promise.all(items.map(settled));
    for (const record of records) expect(record).toMatchObject({ state: 'published' });
    const ids = records.map(({ remoteId }) => remoteId ?? '');
    const accepted = place.server.network.of(place.poster.id).map(({ id }) => id);
    expect(ids.toSorted()).toEqual(accepted.toSorted());
    expect(new Set(ids).size).toBe(3);
  });
});

describe('a network that names the post of another publication', () => {
  async function connectSandbox(name: string): Promise<string> {
    const { id } = await insertChannelAccount(engine.deps.db, {
      workspaceId: engine.workspace.workspaceId,
      channel: 'sandbox',
      zone: 'Europe/Paris',
      name,
      settings: {},
    });
    return id;
  }

  it('is not believed, neither as the answer to a send nor to a look-up', async () => {
    const parrot = await connectSandbox(PARROT);
    const first = await publish(parrot, 'one', 'sandbox');
    expect(first).toMatchObject({ state: 'published', remoteId: ALWAYS.remoteId });
    const second = await publish(parrot, 'two', 'sandbox');
    expect(second).toMatchObject({ state: 'unknown', remoteId: null });
    expect(second.evidence).toContain('post of another publication');
    const confused = await connectSandbox(CONFUSED);
    const third = await publish(confused, 'three', 'sandbox');
    expect(third).toMatchObject({ state: 'unknown', remoteId: null });
    expect(third.evidence).toContain('a post of another publication');
  });

  it('and a person who does is refused, with who holds it', async () => {
    const confused = await connectSandbox(CONFUSED);
    const holder = await publish(engine.channelAccountId, 'on the sandbox', 'sandbox');
    named = { ...ALWAYS, remoteId: holder.remoteId ?? '' };
    const items = [
      await schedule(confused, 'four', 'sandbox'),
      await schedule(confused, 'five', 'sandbox'),
    ];
    const [four, five] = await Promise.all(items.map(settled));
    const state = (which: number, refs: object) =>
      engine.verdict('social_media_manager', items[which] ?? '', 'resolve_publication', {
        publicationId: [four, five][which]?.id,
        outcome: 'live',
        evidence: 'seen',
        ...refs,
      });
    for (const refs of [{ remoteId: holder.remoteId }, { permalink: holder.permalink }]) {
      const refused = await state(0, refs);
      expect(refused).toMatchObject({ outcome: 'refused', unmet: [{ code: 'post_free' }] });
      expect(JSON.stringify(refused)).toContain(holder.id);
    }
    const both = await Promise.all([
      state(0, { remoteId: 'seen-by-hand' }),
      state(1, { remoteId: 'seen-by-hand' }),
    ]);
    expect(both.map(({ outcome }) => outcome).toSorted()).toEqual(['applied', 'refused']);
    const { rows } = await engine.deps.db.execute(
      sql`select stated, position from remote_posts where remote_id = 'seen-by-hand'`,
    );
    expect(rows).toEqual([{ stated: true, position: 0 }]);
  });

  it('an adapter that cannot even begin is refused at once', async () => {
    const broken = await publish(await connectSandbox(BROKEN), 'six', 'sandbox');
    expect(broken).toMatchObject({ state: 'rejected' });
    expect(broken.evidence).toContain('not_preparable: nothing was sent: RangeError');
  });
});
