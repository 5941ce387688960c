import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertAsset } from '../../src/db/workspace/assets.ts';
import { ChannelId } from '../../src/domain/channel/channels.ts';
import type { Draft } from '../../src/domain/item/content/draft.ts';
import { countRows } from '../support/api-fixture.ts';
import { makeBrief, makeDraft, tickedChecklist } from '../support/content.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { failedTasksOf } from '../support/failed-workflow-tasks.ts';
import { acceptHandoff, approve, DAY_MS, toCreation, toReview } from '../support/item-story.ts';

/** What people and programs get wrong about posts: each a problem that names field and rule, and changes nothing. */

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(async () => {
  const failed = api && (await failedTasksOf(api.engine).finally(() => api.close()));
  expect(failed).toEqual([]);
});

const later = (ms: number) => new Date(Date.now() + ms).toISOString();

async function makeAccount(change: object = {}): Promise<string> {
  const { id } = await api.ok('social_media_manager', 'POST', '/v1/channel-accounts', {
    channel: 'sandbox',
    name: `account ${randomUUID()}`,
    zone: 'Europe/Paris',
    ...change,
  });
  return id;
}

/** An approved item that waits for its plan. */
async function inPlanning(): Promise<string> {
  const itemId = await api.engine.start();
  await approve(api.engine, itemId, await toReview(api.engine, itemId));
  await acceptHandoff(api.engine, itemId, 'social_media_manager');
  return itemId;
}

/** Sends a plan that must be refused, and sees that nothing was planned. */
async function refusedPlan(publication: object) {
  const itemId = await inPlanning();
  const { seq } = await api.engine.item(itemId);
  const path = `/v1/items/${itemId}/schedule`;
  const body = { publications: [publication] };
  const reply = await api.as('social_media_manager', 'PUT', path, { body });
  const item = await api.engine.item(itemId);
  expect([item.seq, item.substage]).toEqual([seq, 'planning']);
  expect(item.snapshot.context.publications).toEqual([]);
  return reply;
}

describe('a plan for', () => {
  it.each([
    ['ends before the slot', DAY_MS],
    ['is over already', -DAY_MS],
  ])('an account whose token %s is refused', async (_, endsInMs) => {
    const tokenExpiresAt = later(endsInMs);
    const channelAccountId = await makeAccount({ tokenExpiresAt });
    const at = later(2 * DAY_MS);
    const { status, json } = await refusedPlan({ channelAccountId, at });
    expect([status, json.code]).toEqual([409, 'refused']);
    expect(json.unmet).toEqual([
      {
        code: 'token_valid_past_slot',
        message: `the token of ${channelAccountId} expires at ${tokenExpiresAt}, before ${at}`,
      },
    ]);
  });

  it('the next weekly slot of an account whose token ends before it finds none', async () => {
    const channelAccountId = await makeAccount({ tokenExpiresAt: later(-DAY_MS) });
    const slots = [{ weekday: 1, time: '09:00' }];
    const path = `/v1/channel-accounts/${channelAccountId}/slots`;
    await api.ok('social_media_manager', 'PUT', path, { slots });
    const { status, json } = await refusedPlan({ channelAccountId, slot: 'next' });
    expect(status).toBe(400);
    expect(json.issues[0].path).toBe('publications.0.slot');
  });

  it('an account of another workspace is refused', async () => {
    const { channelAccounts } = await makeWorkspace(api.engine.deps.db);
    const channelAccountId = channelAccounts[0]?.channelAccountId;
    const { status, json } = await refusedPlan({ channelAccountId, at: later(DAY_MS) });
    expect([status, json.issues[0].path]).toEqual([400, 'publications.0.channelAccountId']);
  });

  it('an unknown zone is refused, naming it', async () => {
    const { channelAccountId } = api.engine;
    const given = { local: '2030-05-01T09:00:00', zone: 'Mars/Olympus' };
    const { status, json } = await refusedPlan({ channelAccountId, ...given });
    expect([status, json.issues[0].path]).toEqual([400, 'publications.0.zone']);
  });

  it('a slot in the past is refused', async () => {
    const { channelAccountId } = api.engine;
    const at = '2020-01-01T00:00:00.000Z';
    const { status, json } = await refusedPlan({ channelAccountId, at });
    expect(status).toBe(409);
    expect(json.unmet).toEqual([{ code: 'slot_in_future', message: `${at} is not in the future` }]);
  });

  it('a channel that the item has no variant for is refused', async () => {
    const credentials = { appPassword: 'abcd-efgh-ijkl-mnop' };
    const settings = { service: 'https://pds.example', handle: 'baker.example' };
    const channelAccountId = await makeAccount({ channel: 'bluesky', settings, credentials });
    const { status, json } = await refusedPlan({ channelAccountId, at: later(DAY_MS) });
    expect(status).toBe(409);
    expect(json.unmet).toContainEqual({
      code: 'slot_valid',
      message: 'the draft has no variant for bluesky',
    });
  });
});

describe('an account', () => {
  it.each(['Mars/Olympus', '', 'Europe/Pari', '../etc'])(
    'in the zone %j is refused',
    async (zone) => {
      const before = await countRows(api.engine.deps.db, 'channel_accounts');
      const body = { channel: 'sandbox', name: 'Nowhere', zone };
      const { status, json } = await api.as(
        'social_media_manager',
        'POST',
        '/v1/channel-accounts',
        {
          body,
        },
      );
      expect([status, json.issues?.[0]?.path]).toEqual([400, 'zone']);
      expect(await countRows(api.engine.deps.db, 'channel_accounts')).toBe(before);
    },
  );

  it('does not move to a zone that is none', async () => {
    const id = await makeAccount();
    const path = `/v1/channel-accounts/${id}`;
    const body = { zone: 'Mars/Olympus' };
    const { status, json } = await api.as('social_media_manager', 'PATCH', path, { body });
    expect([status, json.issues?.[0]?.path]).toEqual([400, 'zone']);
    const { zone } = await api.ok('social_media_manager', 'GET', `${path}/slots`);
    expect(zone).toBe('Europe/Paris');
  });

  it('has weekly slots in its own zone only', async () => {
    const path = `/v1/channel-accounts/${await makeAccount()}/slots`;
    const body = { slots: [{ weekday: 1, time: '09:00', zone: 'Mars/Olympus' }] };
    const { status, json } = await api.as('social_media_manager', 'PUT', path, { body });
    expect([status, json.issues?.[0]?.path]).toEqual([400, 'slots.0.zone']);
    expect((await api.ok('social_media_manager', 'GET', path)).slots).toEqual([]);
  });
});

const picture = (index: number, altText?: string): Draft['assets'][number] => ({
  hash: String(index).repeat(64),
  kind: 'visual',
  rights: 'own',
  ...(altText !== undefined && { altText }),
});

interface Variant {
  text?: string;
  assets?: Draft['assets'];
}

const ONE_FAMILY = '👨‍👩‍👧‍👦';

describe('a language that is no well-formed tag', () => {
  const message = 'is not a well-formed BCP 47 language tag, such as fr, pt-BR or zh-Hans';

  it.each(['en-12', 'zh-CN-US', 'fr-CA-QC'])(
    '%s is refused wherever it is written',
    async (tag) => {
      const itemId = await api.engine.start();
      const brief = makeBrief({ languages: ['fr', tag] });
      const inBrief = await api.as('strategist', 'PUT', `/v1/items/${itemId}/brief`, {
        body: brief,
      });
      expect([inBrief.status, inBrief.json.issues]).toMatchObject([
        400,
        [{ path: 'languages.1', message }],
      ]);
      const body = { title: 'Du pain', brief };
      const inStart = await api.as('strategist', 'POST', '/v1/items', { body });
      expect([inStart.status, inStart.json.issues]).toMatchObject([
        400,
        [{ path: 'brief.languages.1', message }],
      ]);
      await toCreation(api.engine, itemId);
      const draft = makeDraft({ language: tag });
      const inDraft = await api.as('creator', 'PUT', `/v1/items/${itemId}/draft`, { body: draft });
      expect([inDraft.status, inDraft.json.issues]).toMatchObject([
        400,
        [{ path: 'language', message }],
      ]);
      const valid = makeDraft({ language: 'zh-cmn-Hans' });
      await api.ok('creator', 'PUT', `/v1/items/${itemId}/draft`, valid);
    },
  );
});

describe('a draft that is submitted', () => {
  it.each<[string, string, Variant, string]>([
    [
      'a text of 501 graphemes',
      'mastodon',
      { text: 'é'.repeat(501) },
      'mastodon text: Mastodon takes 500 characters; the text has 501.',
    ],
    [
      'a text of few graphemes and too many bytes',
      'bluesky',
      { text: ONE_FAMILY.repeat(121) },
      'bluesky text: Bluesky takes 3000 bytes of UTF-8; the text has 3025.',
    ],
    [
      'a text of 282 weighted units in 141 characters',
      'x',
      { text: '漢'.repeat(141) },
      'x text: X takes 280 weighted characters; the text has 282.',
    ],
    [
      'five images where four go',
      'bluesky',
      { assets: [1, 2, 3, 4, 5].map((index) => picture(index, 'A loaf')) },
      'bluesky assets: Bluesky takes 4 assets; the variant has 5.',
    ],
    [
      'an image without alternative text',
      'bluesky',
      { assets: [picture(1)] },
      'bluesky assets.0: Bluesky needs an alternative text for every visual.',
    ],
    [
      'a video of a type that the channel does not take',
      'bluesky',
      { assets: [{ hash: '9'.repeat(64), kind: 'video', rights: 'own' }] },
      'bluesky assets.0: Bluesky takes video/mp4 for kind video; the file is video/webm.',
    ],
  ])('with %s is refused by its channel’s rule', async (_, channel, variant, message) => {
    const { text = 'Three shops, one order book.', assets = [] } = variant;
    const hashes = assets.map(({ hash }) => hash);
    const variants = [{ channel: ChannelId.parse(channel), text, assets: hashes }];
    const refused = await refusedSubmission([channel], makeDraft({ assets, variants }));
    expect(refused).toContainEqual({ code: 'variants_in_limits', message });
  });

  it('without a variant that the brief asks for is refused, naming the channel', async () => {
    expect(await refusedSubmission(['sandbox', 'mastodon'], makeDraft())).toContainEqual({
      code: 'variants_in_limits',
      message: 'mastodon: no variant',
    });
  });
});

/** @returns what stands in the way; the item stays where it is. */
async function refusedSubmission(channels: readonly string[], draft: Draft) {
  const { db } = api.engine.deps;
  const { workspaceId } = api.engine.workspace;
  const createdBy = api.engine.workspace.memberOf('creator');
  for (const { hash, kind } of draft.assets) {
    const mediaType = kind === 'video' ? 'video/webm' : 'image/png';
    await insertAsset(db, { workspaceId, createdBy, hash, kind, mediaType, size: 70 });
  }
  const itemId = await api.engine.start();
  await toCreation(api.engine, itemId, {
    brief: makeBrief({ channels: channels.map((channel) => ChannelId.parse(channel)) }),
  });
  await api.ok('creator', 'PUT', `/v1/items/${itemId}/draft`, draft);
  const { seq } = await api.engine.item(itemId);
  const { status, json } = await api.as('creator', 'POST', `/v1/items/${itemId}/handoffs`, {
    body: { checklist: tickedChecklist('review') },
  });
  expect([status, json.code]).toEqual([409, 'refused']);
  expect(await api.engine.item(itemId)).toMatchObject({ seq, stage: 'creation' });
  return json.unmet;
}
