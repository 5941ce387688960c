import { afterAll, beforeAll, expect, it } from 'vitest';
import { insertPlaybook } from '../../src/db/workspace/playbooks.ts';
import { CHANNEL_LIMITS } from '../../src/domain/channel/channels.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { approve, DAY_MS, plan, submit, toCreation } from '../support/item-story.ts';

const WRITTEN = 'https://shop.example/bread';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
  const { workspaceId } = api.engine.workspace;
  const playbook = { ...STANDARD_PLAYBOOK, name: 'tagged', version: 1, links: { utm: true } };
  await insertPlaybook(api.engine.deps.db, { workspaceId, playbook });
});
afterAll(() => api?.close());

const campaign = async (name: string): Promise<string> =>
  (await api.ok('strategist', 'POST', '/v1/campaigns', { name, goal: 'attract' })).id;

const rename = (campaignId: string, name: string) =>
  api.ok('strategist', 'PATCH', `/v1/campaigns/${campaignId}`, { name });

/** Where the item's link will lead. */
const expected = async (itemId: string): Promise<string> =>
  (await api.ok('editor', 'GET', `/v1/items/${itemId}/draft/links`)).items[0].target;

const tagged = (name: string, publicationId: string) =>
  `${WRITTEN}?utm_source=sandbox&utm_medium=organic-social&utm_campaign=${name}&utm_content=${publicationId}`;

/** An item whose text takes all that its channel allows, with the link as it will be sent. */
async function begin(campaignId: string | null, name: string) {
  const body = { playbook: 'tagged', ...(campaignId !== null && { campaignId }) };
  const itemId = await api.engine.start(body);
  await toCreation(api.engine, itemId);
  const longest = tagged(name, `${itemId.replace('itm_', 'pub_')}_99`);
  const filling = 'y'.repeat(CHANNEL_LIMITS.sandbox.text.max - longest.length - 1);
  const text = `${filling} ${WRITTEN}`;
  const way = { draft: { variants: [{ channel: 'sandbox' as const, text, link: WRITTEN }] } };
  return { itemId, filling, way };
}

it('a link is sent as it was submitted, whatever its campaign is called or joined since', async () => {
  const { engine } = api;
  const campaignId = await campaign('Spring');
  const { itemId, filling, way } = await begin(campaignId, 'spring');
  const contentHash = await submit(engine, itemId, way);
  expect(await expected(itemId)).toBe(tagged('spring', 'PUBLICATION'));

  await rename(campaignId, 'Spring and everything that comes after it');
  expect(await expected(itemId)).toBe(tagged('spring', 'PUBLICATION'));
  await approve(engine, itemId, contentHash);
  // The text with the link of today would be too long.
  await plan(engine, itemId, { slotInMs: DAY_MS });
  const other = await campaign('Another one with a longer name');
  await api.ok('strategist', 'POST', `/v1/items/${itemId}/campaign`, { campaignId: other });
  const [publication] = (await engine.context(itemId)).publications;
  const target = tagged('spring', publication?.id ?? '');
  expect(await expected(itemId)).toBe(target);

  await engine.travel(itemId, { to: 'next_deadline' });
  await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
  expect(engine.posts(itemId).map(({ text }) => text)).toEqual([`${filling} ${target}`]);
  const { items: sent } = await api.ok('editor', 'GET', `/v1/items/${itemId}/links`);
  expect(sent).toMatchObject([{ target }]);
});

it('a campaign that an item joins after its submission is in no link, and one before it is', async () => {
  const { engine } = api;
  const campaignId = await campaign('Autumn');
  const { itemId, way } = await begin(null, 'the-order-book-that-saves-bread');
  const contentHash = await submit(engine, itemId, way);
  await api.ok('strategist', 'POST', `/v1/items/${itemId}/campaign`, { campaignId });
  const title = tagged('the-order-book-that-saves-bread', 'PUBLICATION');
  expect(await expected(itemId)).toBe(title);
  await engine.apply('editor', itemId, 'decide_approval', {
    role: 'editor',
    contentHash,
    decision: 'request_changes',
    reason: 'off_brief',
    comment: 'shorter',
  });
  expect(await expected(itemId)).toBe(tagged('autumn', 'PUBLICATION'));
  await submit(engine, itemId, way);
  await rename(campaignId, 'Winter');
  expect(await expected(itemId)).toBe(tagged('autumn', 'PUBLICATION'));
});
