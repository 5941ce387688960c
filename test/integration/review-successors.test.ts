import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Role } from '../../src/domain/people/roles.ts';
import type { Json, Reply } from '../support/api-fixture.ts';
import { makeBrief } from '../support/content.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import { toKpiReview } from '../support/item-story.ts';

const CLAIM = {
  claim: 'Openings with a number hold readers',
  evidence: '4.1 % against 2.6 %',
  confidence: 'medium',
};

let api: EngineApi;
let itemId: string;
let at: string;
let reviewHash: string;
beforeAll(async () => {
  api = await openEngineApi();
  const item = await api.ok('strategist', 'POST', '/v1/items', { title: 'First piece' });
  itemId = item.item.id;
  at = `/v1/items/${itemId}`;
  reviewHash = await toKpiReview(api.engine, itemId);
});
afterAll(() => api?.close());

/** The strategist of a workspace that has nothing to do with this one. */
async function stranger(): Promise<string | null> {
  const { members } = await makeWorkspace(api.engine.deps.db);
  return members.find(({ role }) => role === 'strategist')?.key ?? null;
}

/** Asked again with the same key until it has its verdict: a busy machine answers "pending" first. */
async function post(role: Role, path: string, body: object): Promise<Reply> {
  const headers = { 'Idempotency-Key': randomUUID() };
  return eventually(
    async () => {
      const reply = await api.as(role, 'POST', path, { body, headers });
      return reply.status === 202 || reply.status === 503 ? null : reply;
    },
    { what: `an answer to ${path}` },
  );
}

const sign = (role: 'strategist' | 'creator' | 'social_media_manager', body: object) =>
  post(role, `${at}/kpi-review/sign-offs`, { role, reviewHash, ...body });
const carryOn = (body: object) => post('strategist', '/v1/items', body);

it('is among the steps due, with why and for whom it is open, soonest due first', async () => {
  const other = await api.ok('strategist', 'POST', '/v1/items', { title: 'Second piece' });
  await toKpiReview(api.engine, other.item.id);
  const { items } = await api.ok('creator', 'GET', '/v1/kpi-reviews');
  expect(items.map(({ id }: Json) => id)).toEqual([itemId, other.item.id]);
  expect(items[0]).toMatchObject({
    dueAt: expect.any(String),
    review: { hash: reviewHash, recommended: expect.any(String) },
    open: [
      {
        role: 'strategist',
        since: expect.any(String),
        reason: expect.stringMatching(/recommends/),
      },
    ],
  });
  const first = await api.ok('creator', 'GET', '/v1/kpi-reviews?role=strategist&limit=1');
  const cursor = encodeURIComponent(first.nextCursor);
  const next = await api.ok('creator', 'GET', `/v1/kpi-reviews?role=strategist&cursor=${cursor}`);
  expect([...first.items, ...next.items].map(({ id }: Json) => id)).toEqual([
    itemId,
    other.item.id,
  ]);
  expect((await api.ok('creator', 'GET', '/v1/kpi-reviews?role=creator')).items).toEqual([]);
});

it.each([
  ['?format=html', {}, 'text/html', '<!doctype html>'],
  ['?format=markdown', {}, 'text/markdown', '# KPI review'],
  ['?format=csv', { accept: 'text/html' }, 'text/csv', 'kpi,role,scope'],
  ['', { accept: 'text/html' }, 'text/html', '<!doctype html>'],
  ['', { accept: '*/*' }, 'application/json', '{'],
])('is written as asked by %s and %j', async (query, headers, type, beginning) => {
  const reply = await api.as('creator', 'GET', `${at}/kpi-review${query}`, {
    headers: headers as Record<string, string>,
  });
  expect([reply.status, reply.headers.get('content-type')?.split(';')[0]]).toEqual([200, type]);
  expect(reply.text.startsWith(beginning)).toBe(true);
  if (type !== 'text/html') return;
  const policies = reply.headers.get('content-security-policy');
  expect(policies).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; form-action 'none'/);
});

it('is written in no other form, and for no other workspace', async () => {
  expect((await api.as('creator', 'GET', `${at}/kpi-review?format=pdf`)).status).toBe(400);
  const path = `${at}/kpi-review?format=html`;
  expect((await api.call(await stranger(), 'GET', path)).status).toBe(404);
});

it('a decision against the recommendation is refused, then stands with a comment and one more role', async () => {
  const { recommendation } = await api.ok('creator', 'GET', `${at}/kpi-review`);
  expect(recommendation).toMatchObject({ reason: expect.any(String), input: {} });
  const decision = recommendation.decision === 'scale' ? 'iterate' : 'scale';
  const bare = await sign('strategist', { decision, learnings: 'never said' });
  expect([bare.status, bare.json.unmet]).toMatchObject([409, [{ code: 'decision_reasoned' }]]);
  const early = await carryOn({ fromReview: (await api.ok('editor', 'GET', at)).review.id });
  expect([early.status, early.json.issues]).toMatchObject([400, [{ path: 'fromReview' }]]);

  const comment = 'the season is over';
  expect((await sign('strategist', { decision, comment, learnings: [CLAIM] })).status).toBe(200);
  const dissent = { decision: 'dissent', comment: 'no' };
  expect((await sign('creator', dissent)).status).toBe(200);
  const alone = await sign('social_media_manager', dissent);
  expect(alone.json).toMatchObject({ outcome: 'applied', stage: 'kpi_review' });
  const [waiting] = (await api.ok('editor', 'GET', at)).waitingOn;
  expect(waiting).toMatchObject({ role: 'strategist', for: 'sign_off' });
  const { items: due } = await api.ok('editor', 'GET', '/v1/kpi-reviews?role=strategist');
  const [step] = due.filter(({ id }: Json) => id === itemId);
  expect(step.open).toMatchObject([{ reason: expect.stringMatching(/decide again/) }]);

  await sign('strategist', { decision, comment: 'the season is over, really' });
  await sign('creator', { decision: 'dissent', comment: 'still no' });
  const last = await sign('social_media_manager', {
    decision: 'agree',
    learnings: 'Short is good',
  });
  expect(last.json).toMatchObject({ stage: 'closed' });
  const decided = await api.ok('creator', 'GET', `${at}/kpi-review`);
  expect(decided).toMatchObject({
    title: 'First piece',
    decision: { decision, isAgainst: true, comment: 'the season is over, really' },
    effort: { rounds: 0 },
    completeness: { have: expect.any(Number), of: expect.any(Number) },
  });
  expect(decided.decision.owner.name).toEqual(expect.any(String));
  expect(decided.effort.stages[0]).toMatchObject({ stage: 'briefing' });
  expect(decided.learnings.map(({ claim }: Json) => claim)).toContain(CLAIM.claim);
  const { signOffs } = decided;
  expect(signOffs[0]).toMatchObject({ decision, comment: 'the season is over, really' });
});

it('what it taught is in the library of its workspace alone, found by what its brief is about', async () => {
  const { pillar, formats = [], audience } = makeBrief();
  const claims = async (query: string) =>
    (await api.ok('creator', 'GET', `/v1/learnings?${query}`)).items.map(
      ({ claim }: Json) => claim,
    );
  const all = await claims('');
  expect(all.toSorted()).toEqual([CLAIM.claim, 'Short is good'].toSorted());
  const fitting = new URLSearchParams({
    pillar: String(pillar).toUpperCase(),
    audience: String(audience?.description).slice(3, 12),
    format: String(formats[0]),
  });
  expect(await claims(String(fitting))).toHaveLength(2);
  expect(await claims('pillar=another')).toEqual([]);
  expect(await claims('audience=%25%5F')).toEqual([]);
  const first = await api.ok('creator', 'GET', '/v1/learnings?limit=1');
  const next = await api.ok('creator', 'GET', `/v1/learnings?limit=1&cursor=${first.nextCursor}`);
  expect([...first.items, ...next.items].map(({ claim }: Json) => claim)).toEqual(all);
  expect((await api.as('creator', 'GET', '/v1/learnings?format=poem')).status).toBe(400);
  const foreign = await api.call(await stranger(), 'GET', '/v1/learnings');
  expect(foreign.json).toEqual({ items: [], nextCursor: null });
});

it('carries on in one next item, whoever asks and at once, with brief and learnings', async () => {
  const { review } = await api.ok('editor', 'GET', at);
  const body = { fromReview: review.id };
  const creator = await post('creator', '/v1/items', body);
  expect([creator.status, creator.json.code]).toEqual([403, 'forbidden']);
  const replies = await Promise.all([carryOn(body), carryOn(body), carryOn(body)]);
  expect(new Set(replies.map(({ json }) => json.item.id)).size).toBe(1);
  const { item } = replies[0]?.json ?? {};
  const { brief } = await api.ok('creator', 'GET', `/v1/items/${item.id}/brief`);
  const { dueAt: _, embargoUntil: __, notes: ___, ...lasting } = makeBrief();
  expect(brief).toMatchObject(lasting);
  expect(brief.dueAt).toBeUndefined();
  for (const part of [review.id, itemId, CLAIM.claim, CLAIM.evidence, 'Short is good']) {
    expect(brief.learnings).toContain(part);
  }
  const shown = await api.ok('creator', 'GET', `/v1/items/${item.id}`);
  expect(shown.carriesOn).toEqual({ reviewId: review.id, itemId });
  expect(shown.title).toMatch(/^First piece \(/);
  expect(shown.learnings.map(({ claim }: Json) => claim)).toContain(CLAIM.claim);
  const source = await api.ok('creator', 'GET', at);
  expect(source.carriedOnBy).toEqual([{ reviewId: review.id, itemId: item.id }]);
  expect(source.learnings).toBeUndefined();
});

it.each([
  ['an unknown review', { fromReview: 'rev_unknown_1' }, 'fromReview'],
  ['neither a title nor a review', {}, 'title'],
])('refuses a start with %s, by the field', async (_, body, path) => {
  const reply = await carryOn(body);
  expect([reply.status, reply.json.issues?.[0]?.path]).toEqual([400, path]);
});

it('does not carry on the review of another workspace', async () => {
  const { review } = await api.ok('editor', 'GET', at);
  const reply = await api.call(await stranger(), 'POST', '/v1/items', {
    body: { fromReview: review.id },
    headers: { 'Idempotency-Key': randomUUID() },
  });
  expect([reply.status, reply.json.issues?.[0]?.path]).toEqual([400, 'fromReview']);
});

it('is carried on once, even when the start of its next item was tidied away', async () => {
  const { review, carriedOnBy } = await api.ok('editor', 'GET', at);
  const [{ itemId: next }] = carriedOnBy;
  const starts = `item_id = $1 and type = 'start_item'`;
  await api.engine.deps.db.$client.query(`delete from commands where ${starts}`, [next]);
  const { status, json } = await carryOn({ fromReview: review.id });
  expect([status, json.issues]).toEqual([
    400,
    [{ path: 'fromReview', in: 'body', message: `is carried on by ${next} already` }],
  ]);
});
