import { randomUUID } from 'node:crypto';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/db/ids.ts';
import { commands, members } from '../../src/db/schema/index.ts';
import type { Finding } from '../../src/domain/audit/finding.ts';
import type { FindingCode, Repair } from '../../src/domain/audit/finding-catalogue.ts';
import type { OwnerRole, Role } from '../../src/domain/people/roles.ts';
import type { Json } from '../support/api-fixture.ts';
import { makeBrief, makeDraft } from '../support/content.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import { withIdempotency } from '../support/fake-network.ts';
import {
  DAY_MS,
  HOUR_MS,
  toKpiReview,
  toMeasuring,
  toOffered,
  toReview,
  toScheduled,
} from '../support/item-story.ts';

/** Its network knows no idempotency keys, so a lost answer stays unknown. */
let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi(undefined, {
    channels: (real) => withIdempotency(real, 'none'),
    sendTiming: { quietMs: 500 },
  });
});
afterAll(() => api?.close());

/** A situation that is made for real, what is found of it, and the repair that ends it. */
interface Case {
  /** @returns the item that is stuck. */
  make(): Promise<string>;
  evidence: Record<string, unknown>;
  repair: Repair;
  as: Role;
  with?(itemId: string, finding: Finding): Promise<Record<string, unknown>>;
}

async function newMember(...roles: OwnerRole[]): Promise<string> {
  const id = newId('member');
  const { workspaceId } = api.engine.workspace;
  await api.engine.deps.db.insert(members).values({ id, workspaceId, name: id, roles });
  return id;
}

/** Offered to a creator whom something then happens to. */
async function offeredTo(change: Partial<typeof members.$inferInsert>): Promise<string> {
  const creator = await newMember('creator');
  const itemId = await api.engine.start({ team: { creator } });
  await toOffered(api.engine, itemId);
  await api.engine.deps.db.update(members).set(change).where(eq(members.id, creator));
  return itemId;
}

const toCreator = async () => ({
  role: 'creator',
  memberId: api.engine.workspace.memberOf('creator'),
});

async function inDays(itemId: string, days: number): Promise<string> {
  const { clockOffsetMs } = await api.engine.item(itemId);
  return new Date(Date.now() + clockOffsetMs + days * DAY_MS).toISOString();
}

async function planAgain(itemId: string) {
  const { channelAccountId } = api.engine;
  return { publications: [{ channelAccountId, at: await inDays(itemId, 3) }] };
}

/** A post whose slot comes, after something was ordered of its network. */
async function sent(mode: 'reset' | 'reject', state: string): Promise<string> {
  const { engine } = api;
  const itemId = await engine.start();
  await engine.sandbox.fault({ mode, marker: engine.marker(itemId) });
  await toScheduled(engine, itemId, { slotInMs: 4_000 });
  await engine.until(itemId, state, ({ publications }) =>
    publications.some((publication) => publication.state === state),
  );
  return itemId;
}

const CASES: Partial<Record<FindingCode, Case>> = {
  overdue: {
    async make() {
      const itemId = await api.engine.start();
      await api.engine.travel(itemId, { byMs: 5 * DAY_MS });
      return itemId;
    },
    evidence: { stage: 'briefing' },
    repair: 'extend',
    as: 'strategist',
  },
  unassigned: {
    async make() {
      await newMember('creator');
      const itemId = await api.engine.start();
      await toOffered(api.engine, itemId);
      return itemId;
    },
    evidence: { role: 'creator', for: 'accept_handoff' },
    repair: 'reassign',
    as: 'strategist',
    with: toCreator,
  },
  owner_inactive: {
    make: () => offeredTo({ active: false }),
    evidence: { role: 'creator', active: false },
    repair: 'reassign',
    as: 'strategist',
    with: toCreator,
  },
  owner_absent: {
    make: () => offeredTo({ absentUntil: new Date(Date.now() + DAY_MS).toISOString() }),
    evidence: { role: 'creator' },
    repair: 'reassign',
    as: 'strategist',
    with: toCreator,
  },
  stale_approval: {
    async make() {
      const itemId = await api.engine.start();
      await toReview(api.engine, itemId);
      const stale = { role: 'editor', contentHash: '0'.repeat(64), decision: 'approve' };
      await api.engine.verdict('editor', itemId, 'decide_approval', stale);
      return itemId;
    },
    evidence: { role: 'editor', decidedHash: '0'.repeat(64) },
    repair: 'decide_approval',
    as: 'editor',
    with: async (_, { evidence }) => ({
      role: 'editor',
      contentHash: evidence['contentHash'],
      decision: 'approve',
    }),
  },
  slot_without_approval: {
    async make() {
      const itemId = await api.engine.start();
      await toScheduled(api.engine, itemId, { slotInMs: 3 * HOUR_MS });
      await api.engine.apply('creator', itemId, 'save_draft', {
        draft: makeDraft({ title: 'Another title' }),
      });
      return itemId;
    },
    evidence: { plannedHash: expect.any(String) },
    repair: 'plan_schedule',
    as: 'social_media_manager',
    with: planAgain,
  },
  publication_missed: {
    async make() {
      const { engine } = api;
      const itemId = await engine.start();
      await toScheduled(engine, itemId);
      await engine.apply('social_media_manager', itemId, 'hold', { reason: 'a crisis' });
      await engine.travel(itemId, { byMs: 2 * HOUR_MS });
      await engine.until(itemId, 'missed', ({ publications: [one] }) => one?.state === 'missed');
      await engine.apply('social_media_manager', itemId, 'resume', { reason: 'it is over' });
      return itemId;
    },
    evidence: { intent: null },
    repair: 'resolve_publication',
    as: 'social_media_manager',
    with: async (itemId) => ({
      outcome: 'reschedule',
      evidence: 'nothing was sent while it was held',
      at: await inDays(itemId, 3),
    }),
  },
  publication_unknown: {
    make: () => sent('reset', 'unknown'),
    evidence: { intent: expect.objectContaining({ state: 'unknown' }) },
    repair: 'resolve_publication',
    as: 'social_media_manager',
    with: async () => ({ outcome: 'not_live', evidence: 'the page is empty' }),
  },
  publication_rejected: {
    make: () => sent('reject', 'rejected'),
    evidence: { evidence: expect.any(String) },
    repair: 'plan_schedule',
    as: 'social_media_manager',
    with: planAgain,
  },
  checkpoint_missing: {
    async make() {
      const { engine } = api;
      const itemId = await engine.start();
      await toMeasuring(engine, itemId);
      await engine.sandbox.stop();
      try {
        await engine.travel(itemId, { byMs: 26 * HOUR_MS });
        await engine.until(itemId, 'a missing checkpoint', ({ checkpoints }) =>
          checkpoints.some(({ state }) => state === 'missing'),
        );
      } finally {
        await engine.sandbox.start();
      }
      // The next checkpoint has its readings, and nothing more is due for long.
      await engine.travel(itemId, { byMs: DAY_MS });
      await engine.until(itemId, 'a second settled checkpoint', ({ checkpoints }) =>
        checkpoints.some((one) => one.checkpoint === '+24h' && one.state !== 'due'),
      );
      return itemId;
    },
    evidence: { checkpoint: '+1h' },
    repair: 'add_readings',
    as: 'creator',
    with: async (_, { evidence: { publicationId, checkpoint } }) => ({
      readings: [
        {
          measure: 'impressions',
          value: 120,
          publicationId,
          checkpoint,
          asOf: new Date().toISOString(),
        },
      ],
    }),
  },
  review_undecided: {
    async make() {
      const { engine } = api;
      const itemId = await engine.start();
      await toKpiReview(engine, itemId);
      await engine.travel(itemId, { byMs: 10 * DAY_MS });
      return itemId;
    },
    evidence: { frozen: true },
    repair: 'extend',
    as: 'strategist',
  },
};

async function find(code: FindingCode, itemId: string): Promise<Finding | null> {
  const answer = await api.ok('editor', 'GET', `/v1/audit/stuck?code=${code}&itemId=${itemId}`);
  return answer.items[0] ?? null;
}

interface Order {
  repair: Repair;
  with?: Record<string, unknown>;
  dryRun?: boolean;
  key?: string;
}

async function repair(as: Role, { id }: Finding, { key = randomUUID(), ...order }: Order) {
  const body = { reason: 'an operator looked', ...order };
  const headers = { 'idempotency-key': key };
  return api.as(as, 'POST', `/v1/audit/findings/${id}/repairs`, { body, headers });
}

/** All that a repair of an item could change. */
async function stateOf(itemId: string): Promise<Json> {
  const { db } = api.engine.deps;
  const { rows } = await db.$client.query(
    `select (select count(*) from repairs)::int as repairs,
      (select count(*) from commands where item_id = $1)::int as commands,
      (select count(*) from comments where item_id = $1)::int as comments,
      (select count(*) from readings where item_id = $1 and created_by is not null)::int as readings,
      (select count(*) from outbox where item_id = $1)::int as outbox,
      (select jsonb_agg(to_jsonb(p) order by p.id) from publications p where p.item_id = $1) as posts,
      (select to_jsonb(i) from items i where i.id = $1) as item`,
    [itemId],
  );
  return { tables: rows[0], run: await api.engine.historyLength(itemId) };
}

describe('a finding is found, repaired from itself and gone', () => {
  it.for(Object.entries(CASES) as [FindingCode, Case][])('%s', async ([code, story]) => {
    const itemId = await story.make();
    const found = await eventually(() => find(code, itemId), { what: code });
    expect(found.evidence).toMatchObject(story.evidence);
    expect(found.repairs).toContain(story.repair);
    const order: Order = {
      repair: story.repair,
      ...(story.with !== undefined && { with: await story.with(itemId, found) }),
    };
    const outsider = story.as === 'editor' ? 'creator' : 'editor';
    expect((await repair(outsider, found, order)).status, 'of another role').toBe(403);

    const before = await stateOf(itemId);
    const dry = await repair(story.as, found, { ...order, dryRun: true });
    expect(dry.json, dry.text).toMatchObject({ outcome: 'would', stillFound: true });
    expect(dry.json.changes.length).toBeGreaterThan(0);
    expect(await stateOf(itemId), 'a dry run changes nothing').toEqual(before);

    const key = randomUUID();
    const done = await repair(story.as, found, { ...order, key });
    expect(done.json, done.text).toMatchObject({ outcome: 'done', stillFound: false });
    expect(await find(code, itemId)).toBeNull();
    const after = await stateOf(itemId);
    expect((await repair(story.as, found, { ...order, key })).json).toEqual(done.json);
    expect((await stateOf(itemId)).tables, 'twice is once').toEqual(after.tables);
    expect((await repair(story.as, found, order)).status, 'it stands no more').toBe(409);
  });
});

describe('a repair that is a command', () => {
  async function overdue(): Promise<[string, Finding]> {
    const itemId = await api.engine.start();
    await api.engine.travel(itemId, { byMs: 5 * DAY_MS });
    return [itemId, await eventually(() => find('overdue', itemId))];
  }

  it('is known again after its answer was lost, though the finding is gone', async () => {
    const [itemId, found] = await overdue();
    const key = randomUUID();
    const done = await repair('strategist', found, { repair: 'extend', key });
    expect(done.json).toMatchObject({ outcome: 'done', stillFound: false });
    // As if the process had died before it kept its answer.
    await api.engine.deps.db.$client.query('delete from idempotency_keys where key = $1', [key]);
    const again = await repair('strategist', found, { repair: 'extend', key });
    expect(again.json, again.text).toMatchObject({ outcome: 'done', stillFound: false });
    const sent = await api.engine.deps.db
      .select({ id: commands.id })
      .from(commands)
      .where(eq(commands.itemId, itemId));
    expect(sent.filter(({ id }) => id.includes(key))).toHaveLength(1);
  });

  it('two at once, each of its own key, are two commands that both have a verdict', async () => {
    const [itemId, found] = await overdue();
    const both = await Promise.all([
      repair('strategist', found, { repair: 'extend' }),
      repair('strategist', found, { repair: 'cancel' }),
    ]);
    for (const { status, json } of both) {
      expect([200, 409]).toContain(status);
      if (status === 200) expect(['done', 'not_possible']).toContain(json.outcome);
    }
    expect(both.some(({ json }) => json.outcome === 'done')).toBe(true);
    const { rows } = await api.engine.deps.db.$client.query(
      `select count(*)::int as pending from commands where item_id = $1 and state = 'pending'`,
      [itemId],
    );
    expect(rows).toEqual([{ pending: 0 }]);
  });

  it('meets the guards: what the machine refuses is told, and the item stays', async () => {
    const [itemId, found] = await overdue();
    const wrong = { role: 'strategist', memberId: api.engine.workspace.memberOf('editor') };
    const { seq } = await api.engine.item(itemId);
    const refused = await repair('strategist', found, { repair: 'reassign', with: wrong });
    expect(refused.json).toMatchObject({
      outcome: 'not_possible',
      unmet: [{ code: 'receiver_holds_role' }],
      stillFound: true,
    });
    expect((await api.engine.item(itemId)).seq).toBe(seq);
  });

  it('is one of many: each is judged by itself, and one that fails stops no other', async () => {
    const all = [await overdue(), await overdue()];
    const itemId = await api.engine.start({ brief: makeBrief() });
    await api.engine.travel(itemId, { byMs: 5 * DAY_MS });
    // Its run is gone: it cannot answer.
    await api.engine.deps.temporal.workflow.getHandle(`item:${itemId}`).terminate('by hand');
    const body = {
      filter: { code: 'overdue' },
      repair: 'extend',
      reason: 'the office was closed',
      dryRun: true,
    };
    const post = (change: object) =>
      api.as('strategist', 'POST', '/v1/audit/repairs', {
        body: { ...body, ...change },
        headers: { 'idempotency-key': randomUUID() },
      });
    const ids = [...all.map(([id]) => id), itemId];
    const preview = await post({});
    const of = (reply: { json: Json }) =>
      reply.json.results.filter((one: Json) => ids.includes(one.itemId));
    expect(of(preview)).toHaveLength(3);
    for (const result of of(preview)) expect(result.outcome).toBe('would');
    const done = await post({ dryRun: false });
    const byItem = new Map(of(done).map((one: Json) => [one.itemId, one]));
    for (const [id] of all) expect(byItem.get(id)).toMatchObject({ stillFound: false });
    expect(byItem.get(itemId)).toMatchObject({ outcome: 'done', stillFound: true });
  });
});
