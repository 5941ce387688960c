import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Audit, createAudit } from '../../src/audit/audit.ts';
import type { StuckQuestion } from '../../src/audit/stuck-findings.ts';
import { createCommandSender } from '../../src/commands/command-sender.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { type Finding, issuedFindingId } from '../../src/domain/audit/finding.ts';
import {
  FINDING_CODES,
  type FindingCode,
  kindOf,
} from '../../src/domain/audit/finding-catalogue.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { CLIENT_INTERCEPTORS } from '../../src/engine/interceptors.ts';
import { startBadWorker } from '../support/bad-worker.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';
import { DAY_MS, toReview, toScheduled } from '../support/item-story.ts';

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

async function find(
  code: FindingCode,
  itemId?: string,
  now = later(0),
): Promise<Finding | undefined> {
  const { items } = await ask({ now, filters: { code } });
  return items.find((finding) => itemId === undefined || finding.itemId === itemId);
}

/** How the engine's API says that a worker has an attempt in its hands. */
const STARTED = 2;

async function isUnderWay(itemId: string, activity: string): Promise<boolean> {
  const { raw } = await engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId)).describe();
  return (raw.pendingActivities ?? []).some(
    ({ activityType, state }) => activityType?.name === activity && state === STARTED,
  );
}

async function durationOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

describe('a worker that is gone', () => {
  it('no_worker at once when it said good-bye, and everything else is answered', async () => {
    const itemId = await engine.start();
    await engine.travel(itemId, { byMs: 5 * DAY_MS });
    expect(await find('no_worker')).toBeUndefined();
    await engine.stopWorker();
    // The server may note the end of the two kinds of polls one after the other.
    const found = await eventually(async () => {
      const finding = await find('no_worker');
      return (finding?.evidence?.['kinds'] as string[] | undefined)?.length === 2
        ? (finding ?? null)
        : null;
    });
    expect(found).toMatchObject({
      severity: 'critical',
      evidence: { taskQueue: engine.deps.taskQueue, kinds: ['workflow', 'activity'] },
    });
    expect(found).not.toHaveProperty('itemId');
    expect(Date.parse(found.since)).toBeGreaterThan(Date.now() - 60_000);
    const { items, couldNotAsk } = await ask();
    expect(couldNotAsk).toEqual([]);
    expect(items[0]?.code).toBe('no_worker');
    expect(items).toContainEqual(expect.objectContaining({ code: 'overdue', itemId }));
    const look = {
      caller: engine.callerFor('editor'),
      findingId: found.id,
      repair: 'recheck' as const,
      reason: 'is it back?',
    };
    expect(found.noRepair).toContain('start it');
    expect(await audit.repair({ ...look, now: later(0) })).toMatchObject({ stillFound: true });
    await engine.startWorker();
    await eventually(async () => (await find('no_worker')) === undefined);
    expect(await audit.repair({ ...look, now: later(0) })).toMatchObject({
      outcome: 'done',
      stillFound: false,
    });
  });

  it('no_worker within 30 s after kill -9; one that is only idle answers for itself', async () => {
    await engine.stopWorker();
    const worker = await engine.spawnWorker();
    const itemId = await engine.start();
    await engine.apply('strategist', itemId, 'hold', { reason: 'an embargo' });
    // An idle worker's last poll may be this old: it is asked, and answers. Nobody can ask the workers of
    // activities: their hearts beat, which no clock of a test can put forward.
    const { items } = await ask({ now: later(45_000), filters: { code: 'no_worker' } });
    const queues = items.map(({ evidence }) => evidence['taskQueue']);
    expect(queues).not.toContain(engine.deps.taskQueue);
    await worker.kill();
    // The server notices the end of the last poll a moment later.
    await eventually(async () => (await find('no_worker', undefined, later(25_000))) ?? null);
    await engine.startWorker();
    await eventually(async () => (await find('no_worker')) === undefined);
  });

  it('no_worker: a run of the workspace waits on a queue that nobody polls', async () => {
    const taskQueue = `nobody-${randomUUID()}`;
    const stray = createCommandSender({ ...engine.deps, taskQueue });
    const started = await stray.start({
      caller: engine.callerFor('strategist'),
      commandId: newCommandId(),
      source: 'http',
      bodyHash: 'h',
      body: { title: 'An item on a queue of its own' },
    });
    if (started.outcome !== 'applied') throw new Error(JSON.stringify(started));
    const first = await eventually(() => find('no_worker').then((finding) => finding ?? null));
    expect(first.evidence).toEqual({
      taskQueue,
      lastSeenAt: null,
      kinds: ['workflow', 'activity'],
    });
    expect(await find('no_worker'), 'missed since the same instant').toEqual(first);
    await engine.deps.temporal.workflow.getHandle(itemWorkflowId(started.itemId)).terminate();
    await eventually(async () => (await find('no_worker')) === undefined);
  });
});

describe('an engine that is away', () => {
  it('answers with what the tables know, and names what it could not ask', async () => {
    const itemId = await engine.start();
    await engine.travel(itemId, { byMs: 5 * DAY_MS });
    const connection = Connection.lazy({
      address: `127.0.0.1:${await freePort()}`,
      interceptors: CLIENT_INTERCEPTORS,
    });
    const temporal = new Client({ connection });
    const blind = createAudit({ ...engine.deps, temporal });
    // How long the tables and this machine take, without any wait for an engine.
    const tables = await durationOf(() => ask({ filters: { code: 'overdue' } }, blind));
    const started = performance.now();
    const { items, couldNotAsk } = await ask({}, blind);
    expect(performance.now() - started).toBeLessThan(4_000 + 10 * tables);
    expect(items).toContainEqual(expect.objectContaining({ code: 'overdue', itemId }));
    const missed = new Set<string>(couldNotAsk.flatMap(({ codes }) => codes));
    const ofEngine = FINDING_CODES.filter((code) => kindOf(code).source === 'engine');
    // What these two say depends on whether the watch has looked yet.
    const ofWatch = ['audit_not_running', 'backlog_growing'];
    const all = new Set<string>([...ofEngine, 'row_diverged']);
    for (const code of ofWatch) for (const codes of [missed, all]) codes.delete(code);
    expect(missed).toEqual(all);
    for (const { why } of couldNotAsk) expect(why).toMatch(/cannot be reached|did not answer/);

    const overdue = await ask({ filters: { code: 'overdue' } }, blind);
    expect(overdue.couldNotAsk, 'nothing was to be asked').toEqual([]);

    const request = {
      caller: { ...engine.callerFor('strategist'), roles: ['admin' as const] },
      repair: 'replace_run' as const,
      reason: 'x',
      now: later(0),
    };
    const { workspaceId } = engine.workspace;
    const unknown = issuedFindingId(`fnd_${'0'.repeat(26)}`, workspaceId);
    const told = await blind.repair({ ...request, findingId: unknown });
    expect(told).toMatchObject({ outcome: 'cannot_tell' });
    expect(await audit.repair({ ...request, findingId: unknown })).toEqual({
      outcome: 'gone',
    });
    // Left open: the SDK goes on trying for some seconds after a deadline, on whatever is closed.
  });
});

describe('work that fails', () => {
  it('command_without_verdict: found with its last error, and sent again at once', async () => {
    const itemId = await engine.start();
    await engine.stopWorker();
    const commandId = newCommandId();
    const body = { reason: 'an embargo' };
    const outcome = await engine.send('strategist', itemId, 'hold', body, { commandId });
    expect(outcome).toMatchObject({ outcome: 'pending' });
    const soon = later(20_000);
    const found = await find('command_without_verdict', itemId, soon);
    expect(found).toMatchObject({
      evidence: { commandId, type: 'hold', attempts: 1, errors: 1 },
      repairs: ['resend_command'],
    });
    expect(found?.evidence['lastError']).toEqual(expect.any(String));
    const request = {
      caller: engine.callerFor('strategist'),
      findingId: found?.id ?? '',
      now: soon,
      repair: 'resend_command' as const,
      reason: 'the worker is back',
    };
    await engine.startWorker();
    // A run that has just got a worker again may need longer than one delivery waits.
    const done = await eventually(async () => {
      const repaired = await audit.repair(request);
      return repaired.outcome === 'done' && repaired.result['state'] === 'applied' && repaired;
    });
    expect(done.result).toEqual({ commandId, state: 'applied' });
    expect(await find('command_without_verdict', itemId, soon)).toBeUndefined();
  });

  it('activity_failing: what a run reports cannot be stored', async () => {
    const { db } = engine.deps;
    const itemId = await engine.start();
    const other = await engine.start();
    await db.execute(
      sql.raw(`alter table items add constraint no_more
        check (id <> '${itemId}' or seq < 2) not valid`),
    );
    // It waits for an arrival that cannot be stored, and gives up where the steps below take long.
    const travel = engine.travel(itemId, { byMs: 3 * DAY_MS }).catch(() => undefined);
    const found = await eventually(() =>
      find('activity_failing', itemId).then((finding) => finding ?? null),
    );
    expect(found.evidence).toMatchObject({
      activity: 'recordEvents',
      workflowId: itemWorkflowId(itemId),
      lastError: expect.stringContaining('no_more'),
    });
    expect(found.repairs).toEqual(['retry_step', 'recheck']);
    expect(await find('run_ahead_of_row', itemId)).toBeDefined();
    expect(await find('activity_failing', other)).toBeUndefined();
    const request = {
      caller: engine.callerFor('strategist'),
      findingId: found.id,
      repair: 'retry_step' as const,
      reason: 'the constraint is gone',
    };
    const dry = await audit.repair({ ...request, now: later(0), dryRun: true });
    expect(dry).toMatchObject({ outcome: 'would', changes: expect.any(Array) });
    const tooEarly = await eventually(async () => {
      const repaired = await audit.repair({ ...request, now: later(0) });
      // On a busy machine its next attempt may not be over when the answer has to be given.
      const isOver = repaired.outcome === 'done' && String(repaired.result['failed']) !== '';
      return isOver ? repaired : null;
    });
    expect(tooEarly, 'the cause is still there').toMatchObject({
      outcome: 'done',
      stillFound: true,
      result: { retried: ['recordEvents'], failed: ['recordEvents'] },
    });
    await eventually(async () => (await find('activity_failing', itemId)) !== undefined);
    await db.execute(sql`alter table items drop constraint no_more`);
    const repaired = await audit.repair({ ...request, now: later(0) });
    // It may have been tried by itself in between.
    if (repaired.outcome !== 'gone') {
      expect(repaired, JSON.stringify(repaired)).toMatchObject({
        outcome: 'done',
        stillFound: false,
        result: { failed: [] },
      });
    }
    expect(await find('activity_failing', itemId)).toBeUndefined();
    await travel;
    await eventually(async () => (await find('run_ahead_of_row', itemId)) === undefined);
  });

  it('activity_failing: a step whose next attempt is under way is tried as it is', async () => {
    const { db } = engine.deps;
    const itemId = await engine.start();
    await db.execute(
      sql.raw(`alter table items add constraint no_second
        check (id <> '${itemId}' or seq < 2) not valid`),
    );
    const travel = engine.travel(itemId, { byMs: 3 * DAY_MS }).catch(() => undefined);
    const found = await eventually(() =>
      find('activity_failing', itemId).then((finding) => finding ?? null),
    );
    const repaired = await inTransaction(db, async (tx) => {
      await tx.execute(sql`set local idle_in_transaction_session_timeout = 0`);
      await tx.execute(sql`lock table items in share mode`);
      await eventually(() => isUnderWay(itemId, 'recordEvents'));
      return audit.repair({
        caller: engine.callerFor('strategist'),
        findingId: found.id,
        repair: 'retry_step',
        reason: 'is it done?',
        now: later(0),
      });
    });
    expect(repaired).toMatchObject({
      outcome: 'done',
      result: { retried: ['recordEvents'], failed: [] },
    });
    await db.execute(sql`alter table items drop constraint no_second`);
    await travel;
    await eventually(async () => (await find('run_ahead_of_row', itemId)) === undefined);
  });

  it('timer_overdue, publication_late: everything was down when the slot came', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: 3_000 });
    await engine.stopWorker();
    const muchLater = () => later(20 * 60_000);
    const late = await eventually(() => find('publication_late', itemId, muchLater()));
    expect(late).toMatchObject({ evidence: { state: 'planned', intent: null } });
    const found = await find('timer_overdue', itemId, muchLater());
    expect(found).toMatchObject({
      evidence: { deadline: 'publication_due' },
      repairs: ['retry_step'],
    });
    const request = (finding: Finding | undefined) => ({
      // Whoever answers for it changes with its stage.
      caller: { ...engine.callerFor('strategist'), roles: ['admin' as const] },
      findingId: finding?.id ?? '',
      repair: 'retry_step' as const,
      reason: 'the worker is back',
      now: muchLater(),
    });
    expect(await audit.repair(request(found))).toMatchObject({
      outcome: 'not_possible',
      why: 'no worker answered for the run',
    });
    await engine.startWorker();
    for (const finding of [found, late]) {
      const repaired = await audit.repair(request(finding));
      expect(['done', 'gone']).toContain(repaired.outcome);
    }
    for (const code of ['timer_overdue', 'publication_late'] as const) {
      await eventually(async () => (await find(code, itemId, muchLater())) === undefined);
    }
    expect(engine.posts(itemId)).toHaveLength(1);
  });

  it('workflow_task_failing: a worker whose code cannot carry the run on', async () => {
    const itemId = await engine.start();
    await toReview(engine, itemId);
    const healthy = await engine.start();
    expect(await find('workflow_task_failing')).toBeUndefined();
    await engine.stopWorker();
    const bad = await startBadWorker(engine.deps);
    const outcome = engine.send('strategist', itemId, 'cancel', { reason: 'no longer needed' });
    const found = await eventually(() =>
      find('workflow_task_failing', itemId).then((finding) => finding ?? null),
    );
    expect(found.evidence).toMatchObject({ workflowId: itemWorkflowId(itemId) });
    expect(found.evidence['lastError']).toEqual(expect.stringContaining('a bad deploy'));
    expect(await find('workflow_task_failing', healthy)).toBeUndefined();
    await bad.stop();
    expect(await outcome).toMatchObject({ outcome: 'pending' });
  });
});
