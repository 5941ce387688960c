import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Audit, createAudit } from '../../src/audit/audit.ts';
import { items } from '../../src/db/schema/index.ts';
import type { Finding } from '../../src/domain/audit/finding.ts';
import type { FindingCode } from '../../src/domain/audit/finding-catalogue.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { tickedChecklist } from '../support/content.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';
import {
  DAY_MS,
  frozenReview,
  HOUR_MS,
  toCreation,
  toMeasuring,
  toOffered,
  toScheduled,
} from '../support/item-story.ts';

let engine: ItemEngine;
let audit: Audit;
beforeAll(async () => {
  engine = await openItemEngine({
    sendTiming: { leaseMs: 3_000, settleMs: 500, leasePollMs: 200 },
  });
  audit = createAudit(engine.deps);
});
afterAll(() => engine?.close());

const handleOf = (itemId: string) =>
  engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));

async function find(code: FindingCode, itemId: string): Promise<Finding | null> {
  const { workspaceId } = engine.workspace;
  const filters = { code, itemId };
  const { items: found } = await audit.stuck({
    workspaceId,
    now: new Date().toISOString(),
    limit: 200,
    filters,
  });
  return found[0] ?? null;
}

function replace(finding: Finding | null, { dryRun = false } = {}) {
  const caller = { ...engine.callerFor('strategist'), roles: ['admin' as const] };
  return audit.repair({
    caller,
    findingId: finding?.id ?? '',
    repair: 'replace_run',
    reason: 'the engine was restored',
    now: new Date().toISOString(),
    dryRun,
  });
}

/** RESET_REAPPLY_EXCLUDE_TYPE_UPDATE of the server's protocol. */
const UPDATES = 2;

/** What an operator's reset does: the run goes back, and its Updates are applied again. */
async function reset(itemId: string, { withUpdates = true } = {}): Promise<void> {
  const { temporal } = engine.deps;
  const handle = handleOf(itemId);
  const { runId } = await handle.describe();
  const { events = [] } = await handle.fetchHistory();
  const first = events?.find((event) => event.workflowTaskCompletedEventAttributes != null);
  await temporal.workflowService.resetWorkflowExecution({
    namespace: temporal.options.namespace,
    workflowExecution: { workflowId: itemWorkflowId(itemId), runId },
    reason: 'an operator',
    requestId: newCommandId(),
    workflowTaskFinishEventId: first?.eventId ?? null,
    ...(!withUpdates && { resetReapplyExcludeTypes: [UPDATES] }),
  });
}

/** The chain verifies, and row and run stand at its end. */
async function expectWhole(itemId: string): Promise<void> {
  const chain = await engine.chain(itemId);
  expect(verifyChain(chain)).toBeNull();
  const { seq, headHash } = await engine.item(itemId);
  expect(chain.at(-1)).toMatchObject({ seq, hash: headHash });
  expect(await engine.runState(itemId)).toMatchObject({ seq, headHash });
}

describe('a run whose chain is not the row’s', () => {
  it('gives no verdict: the command waits, and the finding has both heads at once', async () => {
    const itemId = await engine.start();
    const { seq, headHash } = await engine.item(itemId);
    const { db } = engine.deps;
    const forged = 'e'.repeat(64);
    await db.update(items).set({ headHash: forged }).where(eq(items.id, itemId));
    const commandId = newCommandId();
    const body = { reason: 'an embargo' };
    const outcome = await engine.send('strategist', itemId, 'hold', body, { commandId });
    expect(outcome).toEqual({ outcome: 'pending', commandId });
    expect(await engine.command(commandId)).toMatchObject({
      state: 'pending',
      lastError: 'row_diverged',
      divergence: { rowSeq: seq, rowHash: forged, runSeq: seq, runHash: headHash },
    });
    expect(await find('row_diverged', itemId)).toMatchObject({
      severity: 'critical',
      evidence: { rowSeq: seq, rowHash: forged, runSeq: seq, runHash: headHash },
      repairs: ['replace_run'],
    });
    // A row that was forged must not become what is true.
    expect(await replace(await find('row_diverged', itemId))).toMatchObject({
      outcome: 'not_possible',
    });
    await db.update(items).set({ headHash }).where(eq(items.id, itemId));
    expect(await engine.drain(commandId)).toMatchObject({ state: 'applied' });
    expect(await find('row_diverged', itemId)).toBeNull();
  });

  it('is told so by a row that is ahead of it; nothing is refused', async () => {
    const itemId = await engine.start();
    const { seq } = await engine.item(itemId);
    const { db } = engine.deps;
    await db
      .update(items)
      .set({ seq: seq + 5 })
      .where(eq(items.id, itemId));
    const commandId = newCommandId();
    // Its own run would refuse it: there is no brief.
    const body = { checklist: tickedChecklist('brief') };
    const outcome = await engine.send('strategist', itemId, 'offer_handoff', body, { commandId });
    expect(outcome).toEqual({ outcome: 'pending', commandId });
    expect((await engine.command(commandId)).divergence).toMatchObject({
      rowSeq: seq + 5,
      runSeq: seq,
      runHashAtRow: null,
    });
    await db.update(items).set({ seq }).where(eq(items.id, itemId));
    expect(await engine.drain(commandId)).toMatchObject({ state: 'refused' });
  });

  it('a row behind its run is normal, also far behind; what a drained command carries is of now', async () => {
    const itemId = await engine.start();
    const { db } = engine.deps;
    const behind = await engine.item(itemId);
    await toOffered(engine, itemId);
    const ahead = await engine.item(itemId);
    await db
      .update(items)
      .set({ seq: behind.seq, headHash: behind.headHash })
      .where(eq(items.id, itemId));
    expect(await find('row_diverged', itemId)).toBeNull();
    const held = await engine.send('strategist', itemId, 'hold', { reason: 'an embargo' });
    expect(held.outcome).toBe('applied');
    expect((await engine.item(itemId)).seq).toBeGreaterThan(ahead.seq);
  });
});

describe('replace_run', () => {
  it('row_ahead_of_run: the engine lost what people did, and goes on from the row', async () => {
    const itemId = await engine.start();
    await engine.apply('strategist', itemId, 'hold', { reason: 'an embargo' });
    const { seq } = await engine.item(itemId);
    await reset(itemId, { withUpdates: false });
    const found = await eventually(() => find('row_ahead_of_run', itemId));
    expect(found).toMatchObject({
      evidence: { rowSeq: seq, runSeq: 1 },
      repairs: ['replace_run'],
    });
    expect(await replace(found)).toMatchObject({ outcome: 'done', stillFound: false });
    expect(await find('row_ahead_of_run', itemId)).toBeNull();
    await expectWhole(itemId);
    await engine.apply('strategist', itemId, 'resume', { reason: 'over' });
  });

  it('a run that an operator reset is found, and replaced: nothing is lost or applied twice', async () => {
    const itemId = await engine.start();
    await toCreation(engine, itemId);
    const before = await engine.chain(itemId);
    const { runId: firstRun } = await handleOf(itemId).describe();
    await reset(itemId);
    await eventually(async () => (await handleOf(itemId).describe()).runId !== firstRun);
    const { runId: resetRun } = await handleOf(itemId).describe();
    const commandId = newCommandId();
    const body = { reason: 'an embargo' };
    const outcome = await engine.send('strategist', itemId, 'hold', body, { commandId });
    expect(outcome).toEqual({ outcome: 'pending', commandId });
    const found = await eventually(() => find('row_diverged', itemId));
    const dry = await replace(found, { dryRun: true });
    expect(dry).toMatchObject({ outcome: 'would' });
    expect(JSON.stringify(dry)).toContain(`the run ${resetRun} is ended`);
    expect((await handleOf(itemId).describe()).runId).toBe(resetRun);
    expect(await replace(found)).toMatchObject({ outcome: 'done', stillFound: false });
    expect((await engine.drain(commandId)).state).toBe('applied');
    const chain = await engine.chain(itemId);
    expect(chain.slice(0, before.length)).toEqual(before);
    expect(chain[before.length]).toMatchObject({
      type: 'run.replaced',
      actor: engine.workspace.memberOf('strategist'),
      data: { reason: 'the engine was restored', runId: resetRun },
    });
    await expectWhole(itemId);
    expect(await find('row_diverged', itemId)).toBeNull();
  });

  it('a post that a lost run was sending is looked up, and goes out once', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId);
    await engine.sandbox.fault({ mode: 'accept_then_hang', marker: engine.marker(itemId) });
    await engine.travel(itemId, { byMs: HOUR_MS - 5_000 });
    await engine.until(itemId, 'sending', ({ publications: [one] }) => one?.state === 'sending');
    await eventually(() => engine.posts(itemId).length === 1, { what: 'the post is out' });
    await handleOf(itemId).terminate('by hand');
    const found = await eventually(() => find('row_without_run', itemId));
    const done = await replace(found);
    expect(done).toMatchObject({ outcome: 'done' });
    expect(JSON.stringify(done)).toContain('is looked up before anything is sent');
    await engine.until(itemId, 'published', ({ stage }) => stage === 'measuring');
    expect(engine.posts(itemId)).toHaveLength(1);
    const [intent] = await engine.intents(itemId);
    expect(intent).toMatchObject({ state: 'published', attempt: 1 });
    await expectWhole(itemId);
  });

  it('is for admins, whatever the finding', async () => {
    const itemId = await engine.start();
    await handleOf(itemId).terminate('by hand');
    const found = await eventually(() => find('row_without_run', itemId));
    const outcome = await audit.repair({
      caller: engine.callerFor('strategist'),
      findingId: found.id,
      repair: 'replace_run',
      reason: 'x',
      now: new Date().toISOString(),
      dryRun: true,
    });
    expect(outcome).toEqual({ outcome: 'forbidden', roles: ['admin'] });
    const filters = { itemId };
    const many = await audit.repairMany({
      caller: engine.callerFor('strategist'),
      filters,
      repair: 'replace_run',
      reason: 'x',
      now: new Date().toISOString(),
      limit: 100,
    });
    expect(many).toEqual({ outcome: 'forbidden', roles: ['admin'] });
  });
});

describe('many at once', () => {
  it('a filter’s findings are repaired page by page, late ones on the next; a dry run changes nothing', async () => {
    const ids = await Promise.all([1, 2, 3, 4, 5, 6].map(() => engine.start()));
    for (const itemId of ids) await handleOf(itemId).terminate('the namespace was lost');
    const caller = { ...engine.callerFor('strategist'), roles: ['admin' as const] };
    const request = {
      caller,
      filters: { code: 'row_without_run' as const },
      repair: 'replace_run' as const,
      reason: 'the namespace was lost',
      now: new Date().toISOString(),
    };
    const dry = await audit.repairMany({ ...request, limit: 100, dryRun: true });
    const would = dry.outcome === 'answered' ? dry.results : [];
    expect(would.filter(({ itemId }) => ids.includes(itemId ?? ''))).toHaveLength(ids.length);
    expect(new Set(would.map(({ outcome }) => outcome))).toEqual(new Set(['would']));
    const done = new Set<string | undefined>();
    let cursor: string | undefined;
    do {
      const page = await audit.repairMany({ ...request, limit: 5, cursor, beginWithinMs: 0 });
      if (page.outcome !== 'answered') throw new Error(page.outcome);
      expect(page.results.length).toBeLessThanOrEqual(5);
      for (const { itemId, outcome } of page.results) {
        expect(outcome).toBe('done');
        done.add(itemId);
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    for (const itemId of ids) {
      expect(done).toContain(itemId);
      await expectWhole(itemId);
    }
    expect(await find('row_without_run', ids[0] ?? '')).toBeNull();
  });
});

describe('two who replace the same run', () => {
  it('leave one run behind; whoever was later hears so', async () => {
    const itemId = await engine.start();
    await handleOf(itemId).terminate('by hand');
    const found = await eventually(() => find('row_without_run', itemId));
    const outcomes = await Promise.all([replace(found), replace(found)]);
    const kinds = outcomes.map(({ outcome }) => outcome);
    expect(kinds).toContain('done');
    for (const kind of kinds) expect(['done', 'gone', 'not_possible']).toContain(kind);
    await expectWhole(itemId);
    const replaced = (await engine.chain(itemId)).filter(({ type }) => type === 'run.replaced');
    expect(replaced).toHaveLength(kinds.filter((kind) => kind === 'done').length);
  });
});

describe('a review whose readings were being frozen', () => {
  it('is frozen by the run that takes over', async () => {
    const itemId = await engine.start();
    await toMeasuring(engine, itemId);
    const { db } = engine.deps;
    // As long as nothing can be frozen, its run has that under way.
    await db.execute(
      sql.raw(`alter table kpi_reviews add constraint no_more
      check (item_id <> '${itemId}') not valid`),
    );
    const travel = engine.travel(itemId, { byMs: 29 * DAY_MS }).catch(() => undefined);
    await engine.until(itemId, 'kpi_review', ({ stage }) => stage === 'kpi_review');
    await handleOf(itemId).terminate('by hand');
    await travel;
    await db.execute(sql`alter table kpi_reviews drop constraint no_more`);
    const done = await replace(await eventually(() => find('row_without_run', itemId)));
    expect(done).toMatchObject({ outcome: 'done' });
    expect(await frozenReview(engine, itemId)).toEqual(expect.any(String));
    await expectWhole(itemId);
  });
});
