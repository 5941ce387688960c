import { randomUUID } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Audit, createAudit } from '../../src/audit/audit.ts';
import type { StuckQuestion } from '../../src/audit/stuck-findings.ts';
import type { Db } from '../../src/db/client.ts';
import { commands, itemEvents, items } from '../../src/db/schema/index.ts';
import type { Finding } from '../../src/domain/audit/finding.ts';
import type { FindingCode } from '../../src/domain/audit/finding-catalogue.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';
import { DAY_MS, HOUR_MS, plan, toReview, toScheduled } from '../support/item-story.ts';

let engine: ItemEngine;
let audit: Audit;
beforeAll(async () => {
  engine = await openItemEngine();
});
beforeEach(() => {
  audit = createAudit(engine.deps);
});
afterAll(() => engine?.close());

const later = (ms: number) => new Date(Date.now() + ms).toISOString();

function ask(question: Partial<StuckQuestion> = {}, by = audit) {
  const { workspaceId } = engine.workspace;
  return by.stuck({ workspaceId, now: later(0), limit: 200, ...question });
}

/** What is found of an item; everything could be asked. */
async function findingsOf(itemId: string, now = later(0)): Promise<Finding[]> {
  const { items: found, couldNotAsk } = await ask({ now, filters: { itemId } });
  expect(couldNotAsk).toEqual([]);
  return found;
}

async function find(
  code: FindingCode,
  itemId: string,
  now = later(0),
): Promise<Finding | undefined> {
  const { items: found } = await ask({ now, filters: { code } });
  return found.find((finding) => finding.itemId === itemId);
}

const handleOf = (itemId: string) =>
  engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));

async function restart(itemId: string) {
  const found = await find('row_without_run', itemId);
  const caller = { ...engine.callerFor('strategist'), roles: ['admin' as const] };
  return audit.repair({
    caller,
    findingId: found?.id ?? '',
    repair: 'replace_run',
    reason: 'it was terminated by mistake',
    now: later(0),
  });
}

/** Does what no program of ours can: changes what the triggers protect. */
async function tamper(db: Db, statement: ReturnType<typeof sql>): Promise<void> {
  await db.execute(sql`alter table item_events disable trigger item_events_append_only`);
  await db.execute(statement);
  await db.execute(sql`alter table item_events enable trigger item_events_append_only`);
}

describe('a healthy workspace', () => {
  it('has no finding, and nothing that could not be asked', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId);
    expect(await ask()).toEqual({ items: [], couldNotAsk: [], nextCursor: null });
    expect(await findingsOf(itemId)).toEqual([]);
  });

  it('has none while a post is with a network that does not answer', async () => {
    const itemId = await engine.start();
    await engine.sandbox.fault({ mode: 'accept_then_hang', marker: engine.marker(itemId) });
    await toScheduled(engine, itemId, { slotInMs: 5_000 });
    await eventually(() => engine.posts(itemId).length === 1, { what: 'a post that hangs' });
    expect((await engine.context(itemId)).publications[0]?.state).toBe('sending');
    expect(await findingsOf(itemId)).toEqual([]);
    expect(await findingsOf(itemId)).toEqual([]);
  });
});

describe('waiting for people', () => {
  it('overdue: since when, on whom, for which command, and what is in their way', async () => {
    const itemId = await engine.start();
    await engine.travel(itemId, { byMs: 5 * DAY_MS });
    const { dueAt } = await engine.item(itemId);
    const found = await findingsOf(itemId);
    expect(found).toMatchObject([
      {
        code: 'overdue',
        severity: 'warning',
        since: dueAt,
        waitingOn: [
          {
            role: 'strategist',
            memberId: engine.workspace.memberOf('strategist'),
            for: 'offer_handoff',
          },
        ],
        repairs: ['reassign', 'extend', 'cancel', 'remind'],
      },
    ]);
    const actions = await engine.sender.inquire({ caller: engine.callerFor('strategist'), itemId });
    const offer = actions?.find(({ command }) => command === 'offer_handoff');
    expect(offer?.unmet.length).toBeGreaterThan(0);
    expect(found[0]?.unmet).toEqual(offer?.unmet);
    expect(found[0]?.message).toContain(itemId);
  });

  it('publication_missed: a slot whose worker came too late, with what the ledger knows', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId);
    await engine.apply('social_media_manager', itemId, 'hold', { reason: 'a crisis' });
    await engine.travel(itemId, { byMs: 2 * HOUR_MS });
    await engine.until(itemId, 'missed', ({ publications }) => publications[0]?.state === 'missed');
    await engine.apply('social_media_manager', itemId, 'resume', { reason: 'it is over' });
    const found = await findingsOf(itemId);
    expect(found).toMatchObject([
      {
        code: 'publication_missed',
        repairs: ['resolve_publication', 'remind'],
        evidence: { intent: null },
        waitingOn: [{ role: 'social_media_manager', for: 'resolve_publication' }],
      },
    ]);
  });
});

describe('rows and runs', () => {
  it('row_without_run: the run was terminated; the item can be restarted where it stood', async () => {
    const itemId = await engine.start();
    const contentHash = await toReview(engine, itemId);
    const { seq } = await engine.item(itemId);
    await handleOf(itemId).terminate('by hand');
    const found = await findingsOf(itemId);
    expect(found).toMatchObject([
      {
        code: 'row_without_run',
        evidence: { run: 'terminated', rowSeq: seq },
        repairs: ['replace_run'],
      },
    ]);
    const everywhere = await ask();
    expect(everywhere.items.map(({ id }) => id)).toContain(found[0]?.id);

    const request = {
      findingId: found[0]?.id ?? '',
      repair: 'replace_run' as const,
      reason: 'it was terminated by mistake',
      now: later(0),
    };
    const byCreator = { ...request, caller: engine.callerFor('creator') };
    expect(await audit.repair(byCreator)).toEqual({ outcome: 'forbidden', roles: ['admin'] });
    const caller = { ...engine.callerFor('strategist'), roles: ['admin' as const] };
    expect(await audit.repair({ ...request, caller })).toMatchObject({
      outcome: 'done',
      result: { replaced: true, seq },
    });
    expect(await findingsOf(itemId)).toEqual([]);
    await engine.apply('editor', itemId, 'decide_approval', {
      role: 'editor',
      contentHash,
      decision: 'approve',
    });
    await plan(engine, itemId);
    expect(await findingsOf(itemId)).toEqual([]);
    expect((await engine.runState(itemId)).seq).toBe((await engine.item(itemId)).seq);
    expect(await audit.repair({ ...request, caller })).toEqual({ outcome: 'gone' });
  });

  it('a restarted run knows the commands that the lost one had applied', async () => {
    const itemId = await engine.start();
    const commandId = newCommandId();
    await engine.apply('strategist', itemId, 'hold', { reason: 'an embargo' }, { commandId });
    const { db } = engine.deps;
    const pending = { state: 'pending' as const, answer: null, appliedSeq: null, settledAt: null };
    await db.update(commands).set(pending).where(eq(commands.id, commandId));
    await handleOf(itemId).terminate('by hand');
    const { seq: appliedSeq } = await engine.item(itemId);
    expect(await restart(itemId)).toMatchObject({ outcome: 'done' });
    const { seq } = await engine.item(itemId);
    expect(seq).toBe(appliedSeq + 1);
    expect(await engine.drain(commandId)).toMatchObject({ state: 'applied', appliedSeq });
    expect((await engine.runState(itemId)).seq).toBe(seq);
  });

  it('a restarted run goes on at the clock of its item, and sends its post once', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId);
    await engine.travel(itemId, { byMs: HOUR_MS / 2 });
    const { clockOffsetMs } = await engine.item(itemId);
    await handleOf(itemId).terminate('by hand');
    expect(await restart(itemId)).toMatchObject({ outcome: 'done' });
    expect((await engine.item(itemId)).clockOffsetMs).toBeGreaterThan(clockOffsetMs - 60_000);
    await engine.travel(itemId, { to: 'next_deadline' });
    await engine.until(itemId, 'published', ({ stage }) => stage === 'measuring');
    expect(engine.posts(itemId)).toHaveLength(1);
    expect(await findingsOf(itemId)).toEqual([]);
  });

  it('run_without_row: a run that nobody has a row for; of a foreign one nothing is said', async () => {
    const { temporal, taskQueue, db } = engine.deps;
    const other = await makeWorkspace(db);
    const itemId = await engine.start();
    const input = await handleOf(itemId)
      .fetchHistory()
      .then((history) => history.events?.[0]?.workflowExecutionStartedEventAttributes?.input);
    const given = JSON.parse(Buffer.from(input?.payloads?.[0]?.data ?? '{}').toString('utf8'));
    const startFor = (workspaceId: string) => {
      const ghost = `itm_${randomUUID()}`;
      return temporal.workflow.start('contentItem', {
        workflowId: itemWorkflowId(ghost),
        taskQueue,
        args: [{ ...given, item: { ...given.item, itemId: ghost, workspaceId } }],
      });
    };
    const mine = await startFor(engine.workspace.workspaceId);
    const foreign = await startFor(other.workspaceId);
    const nobodys = await startFor('wsp_nobody');
    const ghosts = async (workspaceId: string) => {
      const filters = { code: 'run_without_row' as const };
      const { items: found } = await ask({ workspaceId, filters });
      return found.map(({ evidence }) => evidence['workflowId']).sort();
    };
    await eventually(async () => (await ghosts(engine.workspace.workspaceId)).length === 2);
    expect(await ghosts(engine.workspace.workspaceId)).toEqual(
      [mine.workflowId, nobodys.workflowId].sort(),
    );
    expect(await ghosts(other.workspaceId)).toEqual(
      [foreign.workflowId, nobodys.workflowId].sort(),
    );
    const filters = { itemId: mine.workflowId.replace(/^item:/, '') };
    const { items: found } = await ask({ filters });
    const ghost = found.find(({ code }) => code === 'run_without_row');
    expect(ghost).toMatchObject({ repairs: ['rebuild_row', 'terminate_run'], waitingOn: [] });
    const caller = { ...engine.callerFor('strategist'), roles: ['admin' as const] };
    const request = { caller, repair: 'terminate_run' as const, reason: 'a ghost', now: later(0) };
    const done = await audit.repair({ ...request, findingId: ghost?.id ?? '' });
    expect(done).toMatchObject({ outcome: 'done', result: { terminated: true } });
    for (const left of [foreign, nobodys]) await left.terminate();
    await eventually(async () => (await ghosts(engine.workspace.workspaceId)).length === 0);
  });

  it('run_ahead_of_row: the row is behind its run, and is built again from the history', async () => {
    const { db } = engine.deps;
    const itemId = await engine.start();
    await engine.apply('strategist', itemId, 'hold', { reason: 'an embargo' });
    const before = await engine.item(itemId);
    const chain = await engine.chain(itemId);
    await engine.apply('strategist', itemId, 'resume', { reason: 'over' });
    const after = await engine.item(itemId);
    const whole = await engine.chain(itemId);
    // What a restored backup looks like: row and events of an earlier moment.
    await tamper(
      db,
      sql`delete from item_events where item_id = ${itemId} and seq > ${before.seq}`,
    );
    await db.update(items).set(before).where(eq(items.id, itemId));
    expect(await engine.chain(itemId)).toEqual(chain);
    const found = await findingsOf(itemId);
    expect(found).toMatchObject([
      {
        code: 'run_ahead_of_row',
        evidence: { rowSeq: before.seq, runSeq: after.seq },
        repairs: ['rebuild_row'],
      },
    ]);
    // Without a worker too: the history is enough.
    await engine.stopWorker();
    const caller = engine.callerFor('strategist');
    const repaired = await audit.repair({
      caller,
      findingId: found[0]?.id ?? '',
      repair: 'rebuild_row',
      reason: 'the backup was old',
      now: later(0),
    });
    await engine.startWorker();
    expect(repaired).toMatchObject({ outcome: 'done', result: { seq: after.seq } });
    expect(await engine.chain(itemId)).toEqual(whole);
    const { updatedAt: _, ...row } = await engine.item(itemId);
    expect({ ...after, ...row }).toEqual({ ...after, ...row, updatedAt: after.updatedAt });
    expect(row.snapshot).toEqual(after.snapshot);
    expect(await findingsOf(itemId)).toEqual([]);
  });

  it('row_ahead_of_run: the engine has lost what the row knows', async () => {
    const { db } = engine.deps;
    const itemId = await engine.start();
    const { seq, headHash } = await engine.item(itemId);
    await db.insert(itemEvents).values({
      itemId,
      workspaceId: engine.workspace.workspaceId,
      seq: seq + 1,
      at: later(0),
      type: 'item.held',
      actor: 'system',
      data: {},
      prevHash: headHash,
      hash: 'f'.repeat(64),
    });
    const ahead = { seq: seq + 1, headHash: 'f'.repeat(64) };
    await db.update(items).set(ahead).where(eq(items.id, itemId));
    const found = await findingsOf(itemId);
    expect(found.map(({ code }) => code).sort()).toEqual(['chain_broken', 'row_ahead_of_run']);
    expect(found.find(({ code }) => code === 'row_ahead_of_run')).toMatchObject({
      evidence: { rowSeq: seq + 1, runSeq: seq },
      repairs: ['replace_run'],
    });
    await tamper(db, sql`delete from item_events where item_id = ${itemId} and seq > ${seq}`);
    await db.update(items).set({ seq, headHash }).where(eq(items.id, itemId));
    expect(await findingsOf(itemId)).toEqual([]);
  });
});

describe('the event chain', () => {
  it('event_gap: an event is gone, and comes back from the history', async () => {
    const { db } = engine.deps;
    const itemId = await engine.start();
    await toReview(engine, itemId);
    const whole = await engine.chain(itemId);
    const soon = later(20_000);
    expect(await find('event_gap', itemId, soon)).toBeUndefined();
    await tamper(db, sql`delete from item_events where item_id = ${itemId} and seq = 3`);
    const found = await find('event_gap', itemId, soon);
    expect(found).toMatchObject({
      evidence: { firstMissing: 3, lastSeq: whole.length, rowSeq: whole.length },
      repairs: ['rebuild_row'],
    });
    const { evidence: _, ...request } = {
      caller: engine.callerFor('editor'),
      findingId: found?.id ?? '',
      evidence: null,
      repair: 'rebuild_row' as const,
      reason: 'a row was deleted',
      now: soon,
    };
    expect(await audit.repair(request)).toMatchObject({
      outcome: 'done',
      result: { recorded: [3] },
    });
    expect(await engine.chain(itemId)).toEqual(whole);
    expect(await find('event_gap', itemId, soon)).toBeUndefined();
  });

  it('chain_broken: a byte was changed behind the trigger', async () => {
    const { db } = engine.deps;
    const itemId = await engine.start();
    await toReview(engine, itemId);
    expect(await find('chain_broken', itemId)).toBeUndefined();
    const change = sql`update item_events set data = data || '{"reason": "forged"}'
      where item_id = ${itemId} and seq = 4`;
    await tamper(db, change);
    expect(await find('chain_broken', itemId)).toMatchObject({
      severity: 'critical',
      evidence: { seq: 4, fault: 'hash' },
      repairs: ['recheck'],
      noRepair: expect.stringContaining('evidence'),
    });
    const found = await find('chain_broken', itemId);
    expect(found, 'and stays found').toBeDefined();
    const look = {
      caller: engine.callerFor('creator'),
      findingId: found?.id ?? '',
      repair: 'recheck' as const,
      reason: 'was it put back?',
      now: later(0),
    };
    expect(await audit.repair(look)).toMatchObject({ outcome: 'done', stillFound: true });
    await tamper(
      db,
      sql`update item_events set data = data - 'reason' where item_id = ${itemId} and seq = 4`,
    );
    expect(await find('chain_broken', itemId)).toBeUndefined();
    expect(await audit.repair(look)).toMatchObject({ outcome: 'done', stillFound: false });
  });

  it.each(['data, hash', 'data', 'command_id'])(
    'chain_broken: two events of a chain that was verified changed places in %s',
    async (columns) => {
      const { db } = engine.deps;
      const itemId = await engine.start();
      await toReview(engine, itemId);
      expect(await find('chain_broken', itemId)).toBeUndefined();
      const names = columns.split(', ');
      const taken = names.map((name) => `${name} = other.${name}`).join();
      const exchange = sql`update item_events one set ${sql.raw(taken)} from item_events other
        where one.item_id = ${itemId} and other.item_id = one.item_id
          and one.seq in (3, 5) and other.seq in (3, 5) and one.seq <> other.seq`;
      await tamper(db, exchange);
      expect(await find('chain_broken', itemId)).toBeDefined();
      await tamper(db, exchange);
      expect(await find('chain_broken', itemId)).toBeUndefined();
    },
  );

  it('chain_broken: an event is stored under the command of somebody else', async () => {
    const { db } = engine.deps;
    const itemId = await engine.start();
    await toReview(engine, itemId);
    const [named] = (await engine.chain(itemId)).filter(({ commandId }) => commandId !== null);
    const setCommand = (commandId: string | null) =>
      tamper(
        db,
        sql`update item_events set command_id = ${commandId}
          where item_id = ${itemId} and seq = ${named?.seq}`,
      );
    await setCommand('http:key_other:1');
    expect(await find('chain_broken', itemId)).toMatchObject({
      evidence: { seq: named?.seq, fault: 'command' },
    });
    await setCommand(named?.commandId ?? null);
    expect(await find('chain_broken', itemId)).toBeUndefined();
  });

  it('row_diverged: the whole chain was written anew, but the engine remembers', async () => {
    const { db } = engine.deps;
    const itemId = await engine.start();
    const { seq, headHash } = await engine.item(itemId);
    const forged = { headHash: 'e'.repeat(64) };
    await db.update(items).set(forged).where(eq(items.id, itemId));
    const memoryless = await findingsOf(itemId);
    const byCode = memoryless.sort((a, b) => (a.code < b.code ? 1 : -1));
    expect(byCode).toMatchObject([
      { code: 'row_diverged', evidence: { rowSeq: seq, runHashAtRow: headHash } },
      { code: 'chain_broken', evidence: { seq, fault: 'head' } },
    ]);
    await db.update(items).set({ headHash }).where(eq(items.id, itemId));
    expect(await findingsOf(itemId)).toEqual([]);
  });
});
