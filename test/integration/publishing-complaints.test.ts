import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAudit } from '../../src/audit/audit.ts';
import { insertChannelAccount } from '../../src/db/workspace/channel-accounts.ts';
import { insertPlaybook } from '../../src/db/workspace/playbooks.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { makeBrief, makeDraft } from '../support/content.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually, untilTime } from '../support/eventually.ts';
import type { ItemEngine } from '../support/item-engine.ts';
import {
  acceptHandoff,
  applyAhead,
  approve,
  DAY_MS,
  HOUR_MS,
  submit,
  toReview,
  toScheduled,
} from '../support/item-story.ts';

/**
 * What people complain of in other tools, one test per complaint that concerns publishing; the names
 * are the complaints. Lost senders and ways past the approval have files of their own beside this one.
 */

/** A playbook whose slots are missed after this, so that a test can outlive one. */
const HASTY_GRACE_MS = 3_000;
/** A slot so near that it comes by itself. */
const SOON_MS = 1_500;
/** A slot before which one more thing can happen. */
const LATER_MS = 5_000;

let api: EngineApi;
let engine: ItemEngine;
beforeAll(async () => {
  api = await openEngineApi();
  engine = api.engine;
  const { workspaceId } = engine.workspace;
  const slotGraceMinutes = HASTY_GRACE_MS / 60_000;
  const playbook = { ...STANDARD_PLAYBOOK, name: 'hasty', slotGraceMinutes };
  await insertPlaybook(engine.deps.db, { workspaceId, playbook });
});
afterAll(() => api?.close());

function secondAccount() {
  const { workspaceId } = engine.workspace;
  const zone = 'Europe/Paris';
  return insertChannelAccount(engine.deps.db, {
    workspaceId,
    channel: 'sandbox',
    name: 'Second',
    zone,
  });
}

const published = (itemId: string) =>
  engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');

describe('scheduled posts missed', () => {
  it('with no error: the audit says so while nobody works, the item asks once somebody does', async () => {
    const itemId = await engine.start({ playbook: 'hasty' });
    const at = await toScheduled(engine, itemId, { slotInMs: LATER_MS });
    await engine.stopWorker();
    try {
      await untilTime(Date.parse(at) + HASTY_GRACE_MS + 100);
      const { items } = await createAudit(engine.deps).stuck({
        workspaceId: engine.workspace.workspaceId,
        now: new Date(Date.now() + HOUR_MS).toISOString(),
        limit: 200,
      });
      const ofItem = items.filter((finding) => finding.itemId === itemId).map(({ code }) => code);
      expect(ofItem).toEqual(expect.arrayContaining(['publication_late', 'timer_overdue']));
    } finally {
      await engine.startWorker();
    }
    await engine.until(itemId, 'a missed slot', ({ publications }) =>
      publications.some(({ state }) => state === 'missed'),
    );
    expect((await api.as('social_media_manager', 'GET', `/v1/items/${itemId}`)).json).toMatchObject(
      {
        stage: 'publishing',
        waitingOn: [{ role: 'social_media_manager', for: 'resolve_publication' }],
        publications: [{ state: 'missed', evidence: expect.stringContaining('passed') }],
      },
    );
  });
});

describe.concurrent('the monitor', () => {
  it('says healthy while no worker polls the queue: within 30 s it says not ready', async () => {
    const own = await openEngineApi();
    const readiness = async () => (await own.call(null, 'GET', '/readyz')).json;
    try {
      await own.engine.stopWorker();
      const worker = await own.engine.spawnWorker();
      await eventually(async () => (await readiness()).status === 'ready');
      await worker.kill();
      const told = await eventually(
        async () => {
          const answer = await readiness();
          return answer.status === 'not_ready' ? answer : null;
        },
        { withinMs: 45_000 },
      );
      expect(told.checks).toMatchObject({ database: true, engine: true, worker: { polls: false } });
    } finally {
      await own.close();
    }
  });
});

describe.concurrent('the same post twice', () => {
  it('after a timeout: the network is asked, and has one', async () => {
    const itemId = await engine.start();
    await engine.sandbox.fault({ mode: 'accept_then_hang', marker: engine.marker(itemId) });
    await toScheduled(engine, itemId, { slotInMs: SOON_MS });
    const { publications } = await published(itemId);
    expect(publications[0]?.evidence).toContain('found by look-up');
    expect(engine.posts(itemId)).toHaveLength(1);
  });

  it('because a follow-up step was retried: recording fails for a while, the send is not repeated', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: LATER_MS });
    const { db } = engine.deps;
    const { seq } = await engine.item(itemId);
    const name = `sending_only_${itemId.slice(4).toLowerCase()}`;
    // "due" and "sending" may be recorded; what comes after them may not.
    await db.execute(
      sql.raw(`alter table items add constraint ${name}
        check (id <> '${itemId}' or seq <= ${seq + 3}) not valid`),
    );
    await eventually(() => engine.posts(itemId).length === 1);
    await eventually(async () => {
      const { pendingActivities } = await pendingOf(itemId);
      return pendingActivities.some(({ attempt }) => attempt >= 3);
    });
    await db.execute(sql.raw(`alter table items drop constraint ${name}`));
    await published(itemId);
    expect(engine.posts(itemId)).toHaveLength(1);
  });

  it('after editing a published post: what is out stays as it is, and is never sent again', async () => {
    const friday = await secondAccount();
    const itemId = await engine.start();
    await approve(engine, itemId, await toReview(engine, itemId));
    await acceptHandoff(engine, itemId, 'social_media_manager');
    await applyAhead(engine, SOON_MS, (at) => [
      'social_media_manager',
      itemId,
      'plan_schedule',
      {
        publications: [
          { channelAccountId: engine.channelAccountId, at },
          { channelAccountId: friday.id, at: inMs(4 * DAY_MS) },
        ],
      },
    ]);
    await engine.until(itemId, 'one post out', ({ publications }) =>
      publications.some(({ state }) => state === 'published'),
    );
    const reworded = { variants: [{ channel: 'sandbox' as const, text: 'Other words.' }] };
    const refused = await engine.verdict('creator', itemId, 'save_draft', {
      draft: makeDraft(reworded),
    });
    expect(refused).toMatchObject({ outcome: 'refused', unmet: [{ code: 'variant_frozen' }] });

    const body = 'The article itself may still be mended.';
    await engine.apply('creator', itemId, 'save_draft', { draft: makeDraft({ body }) });
    const contentHash = await submit(engine, itemId, { draft: { body } });
    await approve(engine, itemId, contentHash);
    await acceptHandoff(engine, itemId, 'social_media_manager');
    await engine.apply('social_media_manager', itemId, 'plan_schedule', {
      publications: [{ channelAccountId: friday.id, at: inMs(4 * DAY_MS) }],
    });
    await engine.travel(itemId, { byMs: 5 * DAY_MS });
    const { publications } = await published(itemId);
    expect(publications.map(({ state }) => state)).toEqual(['published', 'published']);
    // One per account.
    expect(engine.posts(itemId)).toHaveLength(1);
    expect(engine.sandbox.ledger().filter(({ account }) => account === 'Second')).toHaveLength(1);
  });
});

describe.concurrent('published although it was changed a moment ago', () => {
  it.each([
    ['cancelled', 'strategist', 'cancel', { reason: 'a recall' }],
    ['unscheduled', 'social_media_manager', 'unschedule', { reason: 'not today' }],
    ['held', 'social_media_manager', 'hold', { reason: 'bad news' }],
  ] as const)('%s: after the answer nothing goes out', async (_, role, command, body) => {
    const itemId = await engine.start();
    const at = await toScheduled(engine, itemId, { slotInMs: LATER_MS });
    await engine.apply(role, itemId, command, body);
    await untilTime(Date.parse(at) + 2_000);
    expect(engine.posts(itemId)).toEqual([]);
  });

  it('edited while it was being sent: the approved text goes out, or nothing', async () => {
    const approved = 'Three shops, one order book, less waste.';
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const itemId = await engine.start();
        const at = Date.parse(await toScheduled(engine, itemId, { slotInMs: 6_000 }));
        await untilTime(at - 40 + index * 15);
        const edit = await engine.verdict('creator', itemId, 'save_draft', {
          draft: makeDraft({ variants: [{ channel: 'sandbox', text: 'Buy now!' }] }),
        });
        if (edit.outcome === 'applied') await untilTime(at + 3_000);
        else await published(itemId);
        return { edit: edit.outcome, texts: engine.posts(itemId).map(({ text }) => text) };
      }),
    );
    for (const { edit, texts } of outcomes) {
      expect(texts).toEqual(edit === 'applied' ? [] : [approved]);
    }
  });
});

describe('bypassing the approval', () => {
  it('by scheduling early: a tentative slot sends nothing', async () => {
    const itemId = await engine.start();
    await toReview(engine, itemId);
    await engine.apply('social_media_manager', itemId, 'plan_schedule', {
      publications: [{ channelAccountId: engine.channelAccountId, at: inMs(3 * DAY_MS) }],
    });
    await engine.travel(itemId, { byMs: 4 * DAY_MS });
    expect((await engine.context(itemId)).publications).toMatchObject([{ state: 'skipped' }]);
    expect(engine.posts(itemId)).toEqual([]);
  });

  it.each([
    ['a quick edit of the draft', 'creator', 'draft', makeDraft({ body: 'Quickly.' })],
    ['an edit of the brief', 'strategist', 'brief', makeBrief({ keyMessage: 'Another one' })],
  ] as const)('by %s over the API: the gate opens again', async (_, role, what, changed) => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: HOUR_MS });
    const at = `/v1/items/${itemId}`;
    await api.ok(role, 'PUT', `${at}/${what}`, changed);
    const item = await api.ok(role, 'GET', at);
    expect(item).toMatchObject({ stage: 'creation', approvals: [{ voided: true }] });
    await engine.travel(itemId, { byMs: HOUR_MS + 60_000 });
    expect(engine.posts(itemId)).toEqual([]);
  });

  it('by the author: whoever wrote a version never approves, whatever roles they hold', async () => {
    const itemId = await engine.start();
    const contentHash = await toReview(engine, itemId);
    const author = { ...engine.callerFor('creator'), roles: ['creator', 'editor'] as const };
    await engine.deps.db.execute(
      sql`update members set roles = array['creator', 'editor'] where id = ${author.memberId}`,
    );
    try {
      const verdict = await engine.verdict(
        'creator',
        itemId,
        'decide_approval',
        { role: 'editor', contentHash, decision: 'approve' },
        { caller: { ...author, roles: [...author.roles] } },
      );
      expect(verdict).toMatchObject({ outcome: 'refused', unmet: [{ code: 'four_eyes' }] });
    } finally {
      await engine.deps.db.execute(
        sql`update members set roles = array['creator'] where id = ${author.memberId}`,
      );
    }
  });
});

describe('times', () => {
  it('read as UTC, or an hour off at daylight saving: nine in Paris is nine in Paris', async () => {
    const itemId = await engine.start();
    await approve(engine, itemId, await toReview(engine, itemId));
    await acceptHandoff(engine, itemId, 'social_media_manager');
    const planFor = async (local: string) => {
      await engine.apply('social_media_manager', itemId, 'plan_schedule', {
        publications: [{ channelAccountId: engine.channelAccountId, local, zone: 'Europe/Paris' }],
      });
      return (await engine.context(itemId)).publications[0]?.at;
    };
    expect(await planFor('2027-03-27T09:00')).toBe('2027-03-27T08:00:00.000Z');
    expect(await planFor('2027-03-29T09:00')).toBe('2027-03-29T07:00:00.000Z');
  });

  it('whose milliseconds make a post late: it goes out in the second that was planned', async () => {
    const itemId = await engine.start();
    const at = await toScheduled(engine, itemId, { slotInMs: 2_345 });
    await published(itemId);
    const [post] = engine.posts(itemId);
    const lateMs = Date.parse(post?.at ?? '') - Date.parse(at);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    // Far below the minute that schedulers which poll are late; the machine may be busy.
    expect(lateMs).toBeLessThan(10_000);
  });

  it('too late becoming "now": a post found after its grace is missed and asks', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: HOUR_MS });
    await engine.apply('social_media_manager', itemId, 'hold', { reason: 'an embargo' });
    await engine.travel(itemId, { byMs: DAY_MS });
    await engine.apply('social_media_manager', itemId, 'resume', { reason: 'over' });
    const { publications } = await engine.context(itemId);
    expect(publications).toMatchObject([{ state: 'missed' }]);
    expect(engine.posts(itemId)).toEqual([]);
    const { json } = await api.as('social_media_manager', 'GET', '/v1/inbox');
    expect(JSON.stringify(json)).toContain(itemId);
  });
});

function inMs(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

async function pendingOf(itemId: string) {
  const { temporal } = engine.deps;
  const { raw } = await temporal.workflow.getHandle(`item:${itemId}`).describe();
  return {
    pendingActivities: (raw.pendingActivities ?? []).map(({ attempt }) => ({
      attempt: attempt ?? 0,
    })),
  };
}
