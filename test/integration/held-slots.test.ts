import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHANNEL_LIMITS } from '../../src/domain/channel/channels.ts';
import type { Json } from '../support/api-fixture.ts';
import { makeBrief, makeDraft, tickedChecklist } from '../support/content.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import {
  acceptHandoff,
  approve,
  DAY_MS,
  HOUR_MS,
  submit,
  toScheduled,
} from '../support/item-story.ts';
import {
  EVERY_HOUR,
  heldUntilPlanning,
  inCreation,
  later,
  makeAccount,
  plan,
  refusedFirming,
  skip,
} from '../support/slot-plans.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

describe('a held slot', () => {
  it.each([
    ['whose account is off', 'active = false', 'slot_valid', 'is not active'],
    [
      'whose token ends before it',
      "token_expires_at = now() + interval '1 day'",
      'token_valid_past_slot',
      'expires at',
    ],
  ])('%s is not made firm', async (_, change, code, message) => {
    const channelAccountId = await makeAccount(api, null);
    const itemId = await heldUntilPlanning(api, channelAccountId);
    await api.engine.deps.db.$client.query(`update channel_accounts set ${change} where id = $1`, [
      channelAccountId,
    ]);
    const unmet = await refusedFirming(api, itemId);
    expect(unmet).toMatchObject([{ code }]);
    expect(unmet[0]?.message).toContain(message);
    expect((await api.engine.context(itemId)).publications).toMatchObject([{ state: 'tentative' }]);
  });

  it('of an account that is off does not keep another plan from being made once it is skipped', async () => {
    const channelAccountId = await makeAccount(api, null);
    const itemId = await api.engine.start();
    await toScheduled(api.engine, itemId, {
      accounts: [channelAccountId],
      slotInMs: 9 * DAY_MS,
    });
    const draft = { title: 'Another title' };
    await approve(api.engine, itemId, await submit(api.engine, itemId, { draft }));
    await acceptHandoff(api.engine, itemId, 'social_media_manager');
    await api.engine.deps.db.$client.query(
      'update channel_accounts set active = false where id = $1',
      [channelAccountId],
    );
    const other = { channelAccountId: api.engine.channelAccountId, at: later(8 * DAY_MS) };
    const path = `/v1/items/${itemId}/schedule`;
    const body = { publications: [other] };
    const refused = await api.as('social_media_manager', 'PUT', path, { body });
    expect([refused.status, refused.json.unmet[0].code]).toEqual([409, 'slot_valid']);
    await skip(api, itemId);
    await plan(api, itemId, other);
    expect((await api.engine.context(itemId)).stage).toBe('scheduled');
  });

  it('is given back by the social media manager in planning, and is free at once', async () => {
    const channelAccountId = await makeAccount(api, { slots: [{ weekday: 4, time: '15:00' }] });
    const itemId = await heldUntilPlanning(api, channelAccountId, { slot: 'next' });
    const maySkip = async () =>
      (await api.ok('social_media_manager', 'GET', `/v1/items/${itemId}/actions`)).items.find(
        ({ command }: Json) => command === 'skip_publication',
      );
    expect(await maySkip()).toMatchObject({ allowed: true, unmet: [] });
    const [held] = (await api.engine.context(itemId)).publications;
    const path = `/v1/items/${itemId}/publications/${held?.id}/skip`;
    const body = { reason: 'another plan' };
    expect((await api.as('creator', 'POST', path, { body })).status).toBe(403);
    await skip(api, itemId);
    expect((await api.engine.context(itemId)).publications).toMatchObject([
      { state: 'skipped', evidence: 'another plan' },
    ]);
    const again = await plan(api, await inCreation(api), { channelAccountId, slot: 'next' });
    expect(again.publications[0].at).toBe(held?.at);
  });
});

describe('limits that tighten', () => {
  async function tightened(work: () => Promise<void>): Promise<void> {
    const limit: { max: number } = CHANNEL_LIMITS.sandbox.text;
    const { max } = limit;
    limit.max = 3;
    try {
      await work();
    } finally {
      limit.max = max;
    }
  }
  const TOO_LONG = 'sandbox text: Sandbox takes 3 characters';

  it('after the handoff keep a held slot from being made firm, and a named one from being planned', async () => {
    const channelAccountId = await makeAccount(api, null);
    const itemId = await heldUntilPlanning(api, channelAccountId);
    const at = later(8 * DAY_MS);
    await tightened(async () => {
      const [unmet] = await refusedFirming(api, itemId);
      expect(unmet?.code).toBe('variants_in_limits');
      expect(unmet?.message).toContain(TOO_LONG);
      const path = `/v1/items/${itemId}/schedule`;
      const body = { publications: [{ channelAccountId, at }] };
      const { status, json } = await api.as('social_media_manager', 'PUT', path, { body });
      expect([status, json.unmet[0].code]).toEqual([409, 'variants_in_limits']);
      // Holding a time asks for no text.
      await plan(api, await inCreation(api), { channelAccountId, at: later(7 * DAY_MS) });
    });
    await plan(api, itemId, { channelAccountId, at });
    expect((await api.engine.context(itemId)).stage).toBe('scheduled');
  });

  it('after a draft is saved refuse its submission, and `actions` says so', async () => {
    const itemId = await inCreation(api);
    await api.engine.apply('creator', itemId, 'save_draft', { draft: makeDraft() });
    await tightened(async () => {
      const actions = await api.ok('creator', 'GET', `/v1/items/${itemId}/actions`);
      const action = actions.items.find(({ command }: Json) => command === 'submit_for_review');
      expect(action).toMatchObject({ allowed: false, unmet: [{ code: 'variants_in_limits' }] });
      const body = { checklist: tickedChecklist('review') };
      const path = `/v1/items/${itemId}/handoffs`;
      const { status, json } = await api.as('creator', 'POST', path, { body });
      expect([status, json.unmet]).toEqual([409, action.unmet]);
      expect(json.unmet[0].message).toContain(TOO_LONG);
    });
  });
});

describe('an edit of a scheduled item', () => {
  it('holds its slot until the deadline, then releases it, proposes the next and tells people', async () => {
    const channelAccountId = await makeAccount(api, { slots: EVERY_HOUR });
    const itemId = await api.engine.start();
    const at = await toScheduled(api.engine, itemId, {
      accounts: [channelAccountId],
      slotInMs: 2 * DAY_MS,
    });
    await api.engine.apply('creator', itemId, 'save_draft', {
      draft: makeDraft({ title: 'Another title' }),
    });
    const edited = await api.engine.context(itemId);
    expect(edited.stage).toBe('creation');
    expect(edited.approvals.at(-1)?.state).toBe('voided');
    expect(edited.publications).toMatchObject([{ state: 'planned', at }]);
    const deadline = new Date(Date.parse(at) - HOUR_MS).toISOString();
    expect(edited.publications[0]?.heldUntil).toBe(deadline);
    expect((await api.engine.runState(itemId)).nextDeadline).not.toBeNull();

    await api.engine.travel(itemId, { to: new Date(Date.parse(deadline) + 60_000).toISOString() });
    await api.engine.until(
      itemId,
      'released',
      ({ publications }) => publications[0]?.state === 'skipped',
    );
    const item = await api.ok('social_media_manager', 'GET', `/v1/items/${itemId}`);
    expect(item.publications[0]).toMatchObject({
      released: true,
      evidence: 'not approved in time',
    });
    expect(Date.parse(item.publications[0].proposal.at)).toBeGreaterThan(Date.parse(deadline));
    expect(item.waitingOn).toContainEqual(
      expect.objectContaining({ role: 'social_media_manager', for: 'plan_schedule' }),
    );
    const inbox = await api.ok('social_media_manager', 'GET', '/v1/inbox?limit=200');
    expect(inbox.items.map(({ id }: Json) => id)).toContain(itemId);
    const { rows } = await api.engine.deps.db.$client.query(
      "select payload from outbox where item_id = $1 and type = 'publication.slot_released'",
      [itemId],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0].payload).toMatchObject({ data: { publicationId: item.publications[0].id } });
    // Told at the release; what is shown now was looked for a minute later, and may be the slot after it.
    const toldMs = Date.parse(rows[0].payload.proposedAt);
    expect(toldMs).toBeGreaterThan(Date.parse(deadline));
    expect(toldMs).toBeLessThanOrEqual(Date.parse(item.publications[0].proposal.at));
    const next = await plan(api, itemId, { channelAccountId, slot: 'next' });
    expect(next.publications.at(-1)).toMatchObject({ state: 'tentative' });
    const after = await api.ok('social_media_manager', 'GET', `/v1/items/${itemId}`);
    expect(after.publications[0].proposal).toBeUndefined();
    expect(after.waitingOn.map(({ role }: Json) => role)).toEqual(['creator']);
  });

  it('keeps a held slot of the brief’s revision as well', async () => {
    const itemId = await api.engine.start();
    await toScheduled(api.engine, itemId, { slotInMs: 2 * DAY_MS });
    await api.engine.apply('strategist', itemId, 'save_brief', {
      brief: makeBrief({ keyMessage: 'Another message' }),
    });
    const { stage, publications } = await api.engine.context(itemId);
    expect(stage).toBe('creation');
    expect(publications).toMatchObject([{ state: 'planned', heldUntil: expect.any(String) }]);
    const checklist = tickedChecklist('review');
    const { contentHash } = await api.engine.apply('creator', itemId, 'submit_for_review', {
      checklist,
    });
    await approve(api.engine, itemId, contentHash ?? '');
    await acceptHandoff(api.engine, itemId, 'social_media_manager');
    await api.engine.apply('social_media_manager', itemId, 'plan_schedule', { publications: [] });
    const replanned = await api.engine.context(itemId);
    expect(replanned.stage).toBe('scheduled');
    expect(replanned.publications[0]).not.toHaveProperty('heldUntil');
    expect(replanned.publications[0]?.id).toBe(publications[0]?.id);
  });
});
