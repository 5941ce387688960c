import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChannelRegistry } from '../../src/channels/registry.ts';
import { refusedOutcome } from '../../src/channels/request-outcomes.ts';
import { signWebhook } from '../../src/client/webhook-signature.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import type { Json } from '../support/api-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import { failedTasksOf } from '../support/failed-workflow-tasks.ts';
import { DAY_MS, frozenReview, HOUR_MS, toScheduled } from '../support/item-story.ts';

/** A post that its network refused, beside one that is out (issue 9, A1). */

/** What the network answers to each account's next posts instead of taking them. */
const refusing = new Map<string, number[]>();

function withRefusals(real: ChannelRegistry): ChannelRegistry {
  return {
    get(id) {
      const channel = real.get(id);
      if (channel === null) return null;
      return {
        ...channel,
        async publish(request) {
          const status = refusing.get(request.account.id)?.shift();
          if (status === undefined) return channel.publish(request);
          const answer = { kind: 'response', status, headers: {}, body: Buffer.of() } as const;
          const rejections = { 404: 'account_unknown' } as const;
          return refusedOutcome(answer, `the network answered ${status}`, { rejections });
        },
      };
    },
  };
}

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi(undefined, { channels: withRefusals });
});
afterAll(async () => {
  const failed = api && (await failedTasksOf(api.engine).finally(() => api.close()));
  expect(failed).toEqual([]);
});

/** Accounts of its own, each with what its network answers first. */
async function makeAccounts(...statuses: (number[] | null)[]): Promise<string[]> {
  const { deps, workspace } = api.engine;
  const { workspaceId } = workspace;
  const accounts: string[] = [];
  for (const status of statuses) {
    const account = { workspaceId, channel: 'sandbox' as const, zone: 'Europe/Paris' };
    const { id } = await insertChannelAccount(deps.db, { ...account, name: randomUUID() });
    if (status !== null) refusing.set(id, status);
    accounts.push(id);
  }
  return accounts;
}

/** Its slots have come: every post is out, or refused. */
async function sendTo(accounts: string[], stage: string): Promise<string> {
  const { engine } = api;
  const itemId = await engine.start();
  await toScheduled(engine, itemId, { accounts });
  await engine.travel(itemId, { to: 'next_deadline' });
  await settled(itemId, stage);
  return itemId;
}

async function settled(itemId: string, stage: string): Promise<void> {
  await api.engine.until(
    itemId,
    stage,
    (context) =>
      context.stage === stage &&
      context.publications.every(({ state }) => !['planned', 'due', 'sending'].includes(state)),
  );
}

async function findings(itemId: string): Promise<Json[]> {
  const answer = await api.ok('strategist', 'GET', `/v1/audit/stuck?itemId=${itemId}`);
  expect(answer.couldNotAsk).toEqual([]);
  return answer.items;
}

async function inboxEntry(itemId: string): Promise<Json | undefined> {
  const inbox = await api.ok('social_media_manager', 'GET', '/v1/inbox?limit=200');
  return inbox.items.find(({ id }: Json) => id === itemId);
}

async function publicationsOf(itemId: string): Promise<Json[]> {
  const item = await api.ok('creator', 'GET', `/v1/items/${itemId}`);
  return item.publications;
}

async function refusedOf(itemId: string): Promise<Json> {
  const all = await publicationsOf(itemId);
  return all.findLast(({ state }: Json) => state === 'rejected');
}

const inADay = async (itemId: string) =>
  new Date(Date.now() + (await api.engine.item(itemId)).clockOffsetMs + DAY_MS).toISOString();

async function planAgain(itemId: string, channelAccountId = ''): Promise<Json> {
  const publications = [{ channelAccountId, at: await inADay(itemId) }];
  return api.ok('social_media_manager', 'PUT', `/v1/items/${itemId}/schedule`, { publications });
}

describe('a post that its network refused beside a published one', () => {
  it.each([422, 404, 413])(
    'with %d is found, waits for the social media manager, and goes out in a later slot',
    async (status) => {
      const accounts = await makeAccounts(null, [status]);
      const itemId = await sendTo(accounts, 'measuring');
      const refused = await refusedOf(itemId);
      expect(refused.evidence).toContain(`the network answered ${status}`);
      expect(await findings(itemId)).toMatchObject([
        {
          code: 'publication_rejected',
          severity: 'warning',
          message: expect.stringContaining(`the network answered ${status}`),
          repairs: ['plan_schedule', 'skip_publication', 'remind'],
          unmet: [],
          waitingOn: [{ role: 'social_media_manager', for: 'plan_schedule' }],
        },
      ]);
      expect((await inboxEntry(itemId))?.waitingOn).toMatchObject([{ for: 'plan_schedule' }]);
      const stuck = await api.ok('strategist', 'GET', '/v1/items?stuck=true&limit=200');
      expect(stuck.items.map(({ id }: Json) => id)).toContain(itemId);

      expect(await planAgain(itemId, accounts[1])).toMatchObject({ stage: 'scheduled' });
      expect(await findings(itemId)).toEqual([]);
      expect(await inboxEntry(itemId)).toBeUndefined();
      await api.engine.travel(itemId, { byMs: DAY_MS });
      const { checkpoints, publications } = await api.engine.until(
        itemId,
        'both out',
        (context) => context.publications.filter(({ state }) => state === 'published').length === 2,
      );
      const late = publications.at(-1);
      expect(late).toMatchObject({ slotNumber: 2, state: 'published' });
      const first = checkpoints.find(({ publicationId }) => publicationId === late?.id);
      expect(Date.parse(first?.dueAt ?? '')).toBe(Date.parse(late?.publishedAt ?? '') + HOUR_MS);
    },
  );

  it('with 401 can be skipped with a reason, which is kept beside the words of the network', async () => {
    const itemId = await sendTo(await makeAccounts(null, [401]), 'measuring');
    const { id } = await refusedOf(itemId);
    const path = `/v1/items/${itemId}/publications/${id}/skip`;
    const without = await api.as('social_media_manager', 'POST', path, { body: {} });
    expect([without.status, without.json.unmet]).toMatchObject([409, [{ code: 'reason_given' }]]);
    const body = { reason: 'the account is closed' };
    for (const role of ['strategist', 'creator', 'editor'] as const) {
      const refused = await api.as(role, 'POST', path, { body });
      expect([refused.status, refused.json.unmet[0].code]).toEqual([403, 'holds_role']);
    }
    expect(await api.ok('social_media_manager', 'POST', path, body)).toMatchObject({
      stage: 'measuring',
    });
    const twice = await api.as('social_media_manager', 'POST', path, { body });
    expect(twice.status).toBe(409);
    expect(await findings(itemId)).toEqual([]);
    expect(await inboxEntry(itemId)).toBeUndefined();
    const event = (await api.engine.chain(itemId)).find(
      ({ type }) => type === 'publication.skipped',
    );
    expect(event?.data).toMatchObject({
      evidence: body.reason,
      refusal: expect.stringContaining('the network answered 401'),
    });
  });

  it('is planned again neither for an account that is out, nor for one that never had a post', async () => {
    const accounts = await makeAccounts(null, [422], null);
    const itemId = await sendTo(accounts.slice(0, 2), 'measuring');
    const at = await inADay(itemId);
    const plan = (channelAccountId: string | undefined) =>
      api.as('social_media_manager', 'PUT', `/v1/items/${itemId}/schedule`, {
        body: { publications: [{ channelAccountId, at }] },
      });
    const codesOf = async (channelAccountId: string | undefined) => {
      const { status, json } = await plan(channelAccountId);
      return [status, ...json.unmet.map(({ code }: Json) => code)];
    };
    expect(await codesOf(accounts[0])).toEqual([409, 'account_free', 'replaces_post']);
    expect(await codesOf(accounts[2])).toEqual([409, 'replaces_post']);
    const path = `/v1/items/${itemId}/schedule`;
    const body = { publications: [{ channelAccountId: accounts[1], at }] };
    expect((await api.as('creator', 'PUT', path, { body })).status).toBe(403);
  });

  it('refused twice is one finding; held, it can still be planned, and goes out after the hold', async () => {
    const accounts = await makeAccounts(null, [422, 422]);
    const itemId = await sendTo(accounts, 'measuring');
    await planAgain(itemId, accounts[1]);
    await api.engine.travel(itemId, { byMs: DAY_MS });
    await settled(itemId, 'measuring');
    const [found, ...others] = await findings(itemId);
    expect(others).toEqual([]);
    expect(found.evidence).toMatchObject({ slotNumber: 2, intent: { state: 'rejected' } });
    await api.ok('strategist', 'POST', `/v1/items/${itemId}/hold`, { reason: 'a crisis' });
    expect(await findings(itemId)).toMatchObject([
      { code: 'publication_rejected', repairs: ['plan_schedule', 'skip_publication', 'remind'] },
    ]);
    expect(await planAgain(itemId, accounts[1])).toMatchObject({ stage: 'on_hold' });
    await api.ok('strategist', 'POST', `/v1/items/${itemId}/resume`, { reason: 'over' });
    await api.engine.travel(itemId, { byMs: DAY_MS });
    await api.engine.until(itemId, 'both out', ({ publications }) =>
      publications.some(({ slotNumber, state }) => slotNumber === 3 && state === 'published'),
    );
    expect(await findings(itemId)).toEqual([]);
  });

  it('while the KPI review is open takes the item back; a signed webhook signs nothing meanwhile', async () => {
    const { engine } = api;
    const accounts = await makeAccounts(null, [422]);
    const itemId = await sendTo(accounts, 'measuring');
    await engine.travel(itemId, { byMs: 29 * DAY_MS });
    await frozenReview(engine, itemId);
    expect((await findings(itemId)).map(({ code }) => code)).toContain('publication_rejected');
    expect(await planAgain(itemId, accounts[1])).toMatchObject({ stage: 'scheduled' });

    const endpoint = await api.ok('strategist', 'POST', '/v1/webhook-endpoints', {
      memberId: engine.workspace.memberOf('strategist'),
      decisions: ['sign_off'],
      name: 'sign',
    });
    const deliver = (body: string) =>
      api.call(null, 'POST', endpoint.url, {
        body,
        headers: {
          'content-type': 'application/json',
          ...signWebhook({ secret: endpoint.secret, body, id: randomUUID() }),
        },
      });
    const data = { itemId, role: 'strategist', decision: 'scale', comment: 'why not' };
    const early = await deliver(JSON.stringify({ type: 'sign_off', data }));
    expect([early.status, early.json.unmet]).toMatchObject([409, [{ code: 'in_stage' }]]);
    const { id: publicationId } = await refusedOf(itemId);
    const skip = { type: 'skip_publication', data: { itemId, publicationId, reason: 'no' } };
    expect((await deliver(JSON.stringify(skip))).status).toBe(400);

    await engine.travel(itemId, { byMs: DAY_MS });
    await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
    await engine.travel(itemId, { byMs: 29 * DAY_MS });
    await eventually(async () => (await engine.context(itemId)).reviews.length === 2);
    await frozenReview(engine, itemId);
    const signed = await deliver(JSON.stringify({ type: 'sign_off', data }));
    expect(signed.json).toMatchObject({ outcome: 'applied', stage: 'kpi_review' });
  });
});

describe('an item whose every post was refused', () => {
  it('waits in planning with a finding for each account', async () => {
    const accounts = await makeAccounts([422], [413]);
    const itemId = await sendTo(accounts, 'scheduling');
    const found = await findings(itemId);
    expect(found.map(({ code }) => code)).toEqual(['publication_rejected', 'publication_rejected']);
    expect(await planAgain(itemId, accounts[0])).toMatchObject({ stage: 'scheduled' });
    expect(await findings(itemId)).toHaveLength(1);
    expect((await inboxEntry(itemId))?.waitingOn).toMatchObject([{ for: 'plan_schedule' }]);
  });

  it('can be cancelled, and is found no more', async () => {
    const itemId = await sendTo(await makeAccounts([422]), 'scheduling');
    await api.ok('strategist', 'POST', `/v1/items/${itemId}/cancel`, { reason: 'not needed' });
    expect(await findings(itemId)).toEqual([]);
    expect(await inboxEntry(itemId)).toBeUndefined();
  });
});
