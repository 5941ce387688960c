import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Item } from '../../src/api/item-schema.ts';
import { KpiReview } from '../../src/api/review-document/kpi-review-schema.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { COMMAND_TYPES } from '../../src/domain/item/rules.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import type { Json } from '../support/api-fixture.ts';
import { makeBrief, makeDraft, tickedChecklist } from '../support/content.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import {
  frozenReview,
  HOUR_MS,
  toCreation,
  toMeasuring,
  toOffered,
  toReview,
  toScheduled,
} from '../support/item-story.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

async function start(): Promise<string> {
  return (await api.ok('strategist', 'POST', '/v1/items', { title: 'Over HTTP' })).item.id;
}

const handoffOf = (itemId: string, count = 1) => `hnd_${itemId.slice(4)}_${count}`;

async function show(itemId: string): Promise<Json> {
  const item = await api.ok('editor', 'GET', `/v1/items/${itemId}`);
  Item.strict().parse(item);
  return item;
}

describe('an item over HTTP', () => {
  it('goes from brief to verdict', async () => {
    const id = await start();
    const at = `/v1/items/${id}`;

    const early = await api.as('strategist', 'POST', `${at}/handoffs`, { body: { checklist: {} } });
    expect(early.status).toBe(409);
    expect(early.json).toMatchObject({
      code: 'refused',
      outcome: 'refused',
      commandId: expect.stringMatching(/^http:key_/),
    });
    expect(early.json.unmet.map(({ code }: Json) => code)).toEqual(
      expect.arrayContaining(['brief_complete', 'targets_set', 'checklist.success_defined']),
    );

    const brief = await api.as('strategist', 'PUT', `${at}/brief`, { body: makeBrief() });
    expect(brief.json).toMatchObject({ outcome: 'applied', version: 1, stage: 'briefing' });
    expect(brief.headers.get('etag')).toBe(`"${brief.json.hash}"`);
    const read = await api.as('creator', 'GET', `${at}/brief`);
    expect(read.json).toMatchObject({ version: 1, hash: brief.json.hash, brief: makeBrief() });
    expect(read.headers.get('etag')).toBe(brief.headers.get('etag'));

    await api.ok('strategist', 'POST', `${at}/handoffs`, {
      checklist: tickedChecklist('brief'),
      note: 'over to you',
    });
    expect((await show(id)).handoffs).toMatchObject([{ id: handoffOf(id), state: 'offered' }]);
    const wrong = await api.as('editor', 'POST', `${at}/handoffs/${handoffOf(id)}/accept`);
    expect(wrong.status).toBe(403);
    expect(wrong.json).toMatchObject({ code: 'forbidden', outcome: 'refused' });
    await api.ok('creator', 'POST', `${at}/handoffs/${handoffOf(id)}/accept`);

    const bare = await api.as('creator', 'PUT', `${at}/draft`, {
      body: makeDraft({ body: '', variants: [] }),
    });
    expect(bare.status).toBe(200);
    const unready = await api.as('creator', 'POST', `${at}/handoffs`, {
      body: { checklist: tickedChecklist('review') },
    });
    expect(unready.json.unmet.map(({ code }: Json) => code)).toContain('assets_complete');
    const draft = await api.ok('creator', 'PUT', `${at}/draft`, makeDraft());
    expect(draft).toMatchObject({
      version: 2,
      contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const checklist = (await show(id)).checklist;
    expect(checklist.find(({ code }: Json) => code === 'alt_text')).toMatchObject({
      kind: 'machine',
      done: true,
    });
    expect(checklist.find(({ code }: Json) => code === 'matches_brief')).toMatchObject({
      kind: 'human',
      done: false,
    });
    const submitted = await api.ok('creator', 'POST', `${at}/handoffs`, {
      checklist: tickedChecklist('review'),
    });
    expect(submitted).toMatchObject({ stage: 'review', contentHash: draft.contentHash });

    const stale = await api.as('editor', 'POST', `${at}/approvals`, {
      body: { role: 'editor', contentHash: 'f'.repeat(64), decision: 'approve' },
    });
    expect(stale.status).toBe(409);
    expect(stale.json.unmet).toMatchObject([{ code: 'current_hash' }]);
    await api.ok('editor', 'POST', `${at}/approvals`, {
      role: 'editor',
      contentHash: draft.contentHash,
      decision: 'approve',
      comment: 'ready to go',
    });
    expect((await show(id)).approvals).toMatchObject([
      { role: 'editor', decision: 'approve', contentHash: draft.contentHash },
    ]);

    await api.ok('social_media_manager', 'POST', `${at}/handoffs/${handoffOf(id, 2)}/accept`);
    const publications = [
      {
        channelAccountId: api.engine.channelAccountId,
        at: new Date(Date.now() + HOUR_MS).toISOString(),
      },
    ];
    const planned = await api.as('social_media_manager', 'PUT', `${at}/schedule`, {
      body: { publications },
    });
    expect(planned.json).toMatchObject({
      stage: 'scheduled',
      publications: [{ state: 'planned' }],
    });
    const schedule = await api.as('editor', 'GET', `${at}/schedule`);
    expect(schedule.headers.get('etag')).toBe(planned.headers.get('etag'));
    expect(schedule.json.publications[0]).toMatchObject({
      slotNumber: 1,
      marker: api.engine.marker(id),
    });

    await api.ok('strategist', 'POST', '/v1/local/time-travel', {
      itemId: id,
      to: 'next_deadline',
    });
    await eventually(async () => (await show(id)).stage === 'measuring');
    expect((await show(id)).publications[0]).toMatchObject({
      state: 'published',
      remoteId: expect.any(String),
    });
    await api.ok('strategist', 'POST', '/v1/local/time-travel', { itemId: id, by: 'P29D' });
    const hash = await frozenReview(api.engine, id);
    const review = await api.ok('creator', 'GET', `${at}/kpi-review`);
    KpiReview.strict().parse(review);
    expect(review).toMatchObject({
      frozen: true,
      hash,
      number: 1,
      missing: ['strategist', 'creator', 'social_media_manager'],
    });
    expect(review.verdicts.length).toBeGreaterThan(3);
    const due = await api.ok('strategist', 'GET', '/v1/kpi-reviews?role=strategist');
    expect(due.items.map(({ id: itemId }: Json) => itemId)).toContain(id);

    const unread = await api.as('creator', 'POST', `${at}/kpi-review/sign-offs`, {
      body: { role: 'creator', decision: 'agree', reviewHash: hash },
    });
    expect(unread.status).toBe(409);
    const sign = (role: Role, decision: string, texts: object) =>
      api.ok(role, 'POST', `${at}/kpi-review/sign-offs`, {
        role,
        decision,
        reviewHash: hash,
        ...texts,
      });
    const learnings = 'openings with a number held readers';
    await sign('strategist', 'iterate', { comment: 'too early to scale', learnings });
    await sign('creator', 'agree', { learnings: 'shorter is better' });
    const last = await sign('social_media_manager', 'agree', {});
    expect(last).toMatchObject({ stage: 'closed' });
    const signed = await api.ok('creator', 'GET', `${at}/kpi-review`);
    const member = (role: Role) => ({ role, memberId: api.engine.workspace.memberOf(role) });
    const instant = expect.any(String);
    expect(signed.signOffs).toEqual([
      {
        ...member('strategist'),
        decision: 'iterate',
        at: instant,
        comment: 'too early to scale',
        learnings,
      },
      { ...member('creator'), decision: 'agree', at: instant, learnings: 'shorter is better' },
      { ...member('social_media_manager'), decision: 'agree', at: instant },
    ]);
    const closed = await show(id);
    expect(closed).toMatchObject({
      stage: 'closed',
      owner: { role: null, memberId: null },
      waitingOn: [],
    });
    expect(closed.clockOffset).toBeGreaterThan(29 * 24 * HOUR_MS - 60_000);

    const late = await api.as('strategist', 'POST', `${at}/cancel`, {
      body: { reason: 'too late' },
    });
    expect(late.status).toBe(409);
    expect(late.json.unmet).toMatchObject([{ code: 'item_closed' }]);

    const entries: Json[] = [];
    let cursor = '';
    do {
      const page = await api.ok('editor', 'GET', `${at}/timeline?limit=7${cursor}`);
      entries.push(...page.items);
      cursor = page.nextCursor === null ? '' : `&cursor=${encodeURIComponent(page.nextCursor)}`;
    } while (cursor !== '');
    const events = entries.filter(({ kind }) => kind === 'event');
    expect(verifyChain(events)).toBeNull();
    expect(events.at(-1)).toMatchObject({ type: 'item.stage_changed', data: { to: 'closed' } });
    const refusals = entries.filter(({ kind }) => kind === 'refusal').map(({ type }) => type);
    expect(refusals).toEqual(
      expect.arrayContaining([
        'offer_handoff',
        'accept_handoff',
        'submit_for_review',
        'decide_approval',
        'sign_off',
        'cancel',
      ]),
    );
    const thread = await api.ok('editor', 'GET', `${at}/comments`);
    expect(thread.items.map(({ text }: Json) => text)).toEqual(
      expect.arrayContaining(['over to you', 'ready to go']),
    );
    expect(thread.items.map(({ text }: Json) => text)).not.toContain('too late');
    const learned = thread.items.filter(({ kind }: Json) => kind === 'learnings');
    expect(learned.map(({ text }: Json) => text)).toEqual([learnings, 'shorter is better']);
  });
});

describe('actions', () => {
  it('agree with what the guards say, in each stage and for each role', async () => {
    const stages: [string, (id: string) => Promise<unknown>][] = [
      ['briefing', async () => {}],
      ['briefing', (id) => toOffered(api.engine, id)],
      ['creation', (id) => toCreation(api.engine, id)],
      ['review', (id) => toReview(api.engine, id)],
      ['scheduled', (id) => toScheduled(api.engine, id)],
    ];
    for (const [stage, lead] of stages) {
      const id = await start();
      await lead(id);
      for (const role of ['strategist', 'creator', 'social_media_manager', 'editor'] as const) {
        const { items } = await api.ok(role, 'GET', `/v1/items/${id}/actions`);
        expect(items.map(({ command }: Json) => command).sort()).toEqual([...COMMAND_TYPES].sort());
        for (const { allowed, unmet } of items) expect(allowed).toBe(unmet.length === 0);
        const { allowed } = items.find(({ command }: Json) => command === 'hold');
        const held = await api.as(role, 'POST', `/v1/items/${id}/hold`, {
          body: { reason: 'a pause' },
        });
        expect([stage, role, held.status < 300], held.text).toEqual([stage, role, allowed]);
        if (held.status < 300)
          await api.ok(role, 'POST', `/v1/items/${id}/resume`, { reason: 'go on' });
      }
    }
  });
});

describe('ids that are not the item’s', () => {
  it('are unknown, and ids of earlier offers are refused', async () => {
    const id = await start();
    await toOffered(api.engine, id);
    const at = `/v1/items/${id}`;
    expect((await api.as('creator', 'POST', `${at}/handoffs/hnd_other_1/accept`)).status).toBe(404);
    expect(
      (await api.as('social_media_manager', 'POST', `${at}/publications/pub_other_1/skip`)).status,
    ).toBe(404);
    await api.ok('strategist', 'POST', `${at}/handoffs/${handoffOf(id)}/withdraw`, {
      reason: 'one more thing',
    });
    await api.ok('strategist', 'POST', `${at}/handoffs`, { checklist: tickedChecklist('brief') });
    const stale = await api.as('creator', 'POST', `${at}/handoffs/${handoffOf(id)}/accept`);
    expect(stale.status).toBe(409);
    expect(stale.json.unmet).toMatchObject([{ code: 'current_handoff' }]);
    const withdrawn = await api.as(
      'strategist',
      'POST',
      `${at}/handoffs/${handoffOf(id)}/withdraw`,
    );
    expect(withdrawn.json.unmet).toMatchObject([{ code: 'current_handoff' }]);
    expect((await show(id)).handoffs.map(({ state }: Json) => state)).toEqual([
      'withdrawn',
      'offered',
    ]);
  });
});

describe('time travel', () => {
  it('goes by a duration, to an instant, or to what comes next; nowhere else', async () => {
    const id = await start();
    const travel = (target: object) =>
      api.as('strategist', 'POST', '/v1/local/time-travel', { body: { itemId: id, ...target } });
    const started = performance.now();
    const arrived = await travel({ by: 'PT90M' });
    const shown = (await show(id)).clockOffset;
    // Offsets are taken from one clock while another goes on: by so much two of one journey differ.
    const tookMs = performance.now() - started;
    expect(arrived.json.clockOffset).toBeGreaterThanOrEqual(90 * 60_000 - 1_000 - tookMs);
    expect(Math.abs(shown - arrived.json.clockOffset)).toBeLessThan(1_000 + tookMs);
    for (const target of [
      { by: 'P' },
      { by: '3 days' },
      { to: 'tomorrow' },
      {},
      { by: 'P1D', to: 'next_deadline' },
    ]) {
      expect((await travel(target)).status, JSON.stringify(target)).toBe(400);
    }
    expect((await travel({ to: '2020-01-01T00:00:00Z' })).status).toBe(409);
    const nobody = await api.as('strategist', 'POST', '/v1/local/time-travel', {
      body: { itemId: 'itm_x', by: 'P1D' },
    });
    expect(nobody.status).toBe(404);
    await api.ok('strategist', 'POST', `/v1/items/${id}/cancel`, { reason: 'done trying' });
    expect((await travel({ by: 'P1D' })).status).toBe(409);
  });
});

describe('a journey with an Idempotency-Key', () => {
  const journey = (key: string, body: object) =>
    api.as('strategist', 'POST', '/v1/local/time-travel', {
      body,
      headers: { 'idempotency-key': key },
    });

  it('is made once, and its key stands for no other one', async () => {
    const itemId = await start();
    const key = `once-${itemId}`;
    const first = await journey(key, { itemId, by: 'PT2H' });
    expect(first.status).toBe(200);
    const again = await journey(key, { itemId, by: 'PT2H' });
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect((await show(itemId)).clockOffset).toBeLessThan(3 * HOUR_MS);
    const other = await journey(key, { itemId, by: 'PT3H' });
    expect([other.status, other.json.code]).toEqual([409, 'idempotency_conflict']);
    expect((await show(itemId)).clockOffset).toBeLessThan(3 * HOUR_MS);
  });

  it('sent twice at the same time is made once: the later one is told to come again', async () => {
    const itemId = await start();
    const key = `twice-${itemId}`;
    const both = await Promise.all([
      journey(key, { itemId, by: 'PT2H' }),
      journey(key, { itemId, by: 'PT2H' }),
    ]);
    for (const reply of both.filter(({ status }) => status !== 200)) {
      expect(reply.json.code).toBe('conflict');
      expect(reply.headers.get('retry-after')).toBe('1');
    }
    expect(both.map(({ status }) => status)).toContain(200);
    expect((await journey(key, { itemId, by: 'PT2H' })).status).toBe(200);
    expect((await show(itemId)).clockOffset).toBeLessThan(3 * HOUR_MS);
  });

  it('that was refused is refused again, and leaves no claim behind', async () => {
    const itemId = await start();
    const past = { itemId, to: '2020-01-01T00:00:00Z' };
    const first = await journey(`past-${itemId}`, past);
    expect(first.status).toBe(409);
    expect(first.json.code).toBe('conflict');
    const again = await journey(`past-${itemId}`, past);
    expect({ ...again.json, requestId: '' }).toEqual({ ...first.json, requestId: '' });
    const other = await journey(`past-${itemId}`, { itemId, by: 'PT1H' });
    expect(other.json.code).toBe('idempotency_conflict');
  });
});

describe('the lists', () => {
  it('show what waits for whom', async () => {
    const id = await start();
    await toMeasuring(api.engine, await start());
    await toOffered(api.engine, id);
    const ids = async (role: Role, path: string) =>
      (await api.ok(role, 'GET', path)).items.map((item: Json) => item.id);
    expect(await ids('creator', '/v1/inbox')).toContain(id);
    expect(await ids('editor', '/v1/inbox')).not.toContain(id);
    expect(await ids('editor', '/v1/items?stage=briefing&role=creator')).toContain(id);
    expect(await ids('editor', '/v1/items?stage=measuring')).not.toContain(id);
    expect(
      await ids('editor', `/v1/items?assignee=${api.engine.workspace.memberOf('strategist')}`),
    ).toContain(id);
    expect(await ids('editor', '/v1/items?stuck=true')).not.toContain(id);
    expect(await ids('editor', '/v1/items?stuck=false')).toContain(id);
    await api.ok('strategist', 'POST', '/v1/local/time-travel', { itemId: id, by: 'P9D' });
    expect(await ids('editor', '/v1/items?stuck=true')).toContain(id);
    expect(await ids('editor', '/v1/items?stuck=false')).not.toContain(id);
  });
});
