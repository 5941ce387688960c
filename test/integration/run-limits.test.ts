import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Audit, createAudit } from '../../src/audit/audit.ts';
import { continueRun } from '../../src/audit/repairs/continue-run.ts';
import type { Finding } from '../../src/domain/audit/finding.ts';
import type { FindingCode } from '../../src/domain/audit/finding-catalogue.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { BATCH_BYTES, ITEM_BYTES, itemBytes } from '../../src/domain/item/size.ts';
import type { CommandMessage } from '../../src/workflows/messages.ts';
import { commandUpdate, readingsAddedSignal } from '../../src/workflows/messages.ts';
import { startBadWorker } from '../support/bad-worker.ts';
import { makeBrief } from '../support/content.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';
import { toCreation } from '../support/item-story.ts';

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine();
});
afterAll(() => engine?.close());

/** Codes that no playbook has, as many as one request has room for. */
function inventedCodes(count: number): Record<string, true> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`invented_${index}${'x'.repeat(40)}`, true]),
  );
}

/** What a door without a bound would let through, given to the run itself. */
async function giveUnbounded(
  itemId: string,
  type: 'offer_handoff' | 'withdraw_handoff',
  refs: object,
): Promise<void> {
  const { memberId } = engine.callerFor('strategist');
  const actor = { memberId, roles: ['strategist'], platformTags: {}, backupFor: [] };
  const id = newCommandId();
  const { handoffs } = (await engine.runState(itemId)).snapshot.context;
  const about = type === 'withdraw_handoff' ? { handoffId: handoffs.at(-1)?.id } : {};
  const facts = { holders: { creator: [engine.workspace.memberOf('creator')] } };
  const message = {
    id,
    type,
    actor,
    refs: { ...about, ...refs },
    facts,
  } as unknown as CommandMessage;
  await engine.deps.temporal.workflow
    .getHandle(itemWorkflowId(itemId))
    .executeUpdate(commandUpdate, { updateId: id, args: [message] });
}

describe('a run', () => {
  it.each(['offer_handoff', 'submit_for_review'] as const)(
    'hears of no checklist entry that its playbook does not have, by %s',
    async (type) => {
      const itemId = await engine.start({ brief: makeBrief() });
      const role = type === 'offer_handoff' ? 'strategist' : 'creator';
      if (type === 'submit_for_review') await toCreation(engine, itemId);
      const before = await engine.runState(itemId);
      const checklist = { ...inventedCodes(3), alt_text: false };
      const outcome = await engine.send(role, itemId, type, { checklist });
      const paths = Object.keys(inventedCodes(3)).map((code) => ['checklist', code]);
      const expected = type === 'offer_handoff' ? [...paths, ['checklist', 'alt_text']] : paths;
      expect(outcome).toMatchObject({ outcome: 'invalid' });
      if (outcome.outcome !== 'invalid') return;
      expect(outcome.issues.map(({ path }) => path)).toEqual(expected);
      expect(outcome.issues[0]?.message).toContain('the playbook standard');
      expect((await engine.runState(itemId)).seq).toBe(before.seq);
    },
  );

  it('carries more than one payload may hold to the tables in parts', async () => {
    const itemId = await engine.start({ brief: makeBrief() });
    const { checklists } = (await engine.context(itemId)).playbook;
    const checklist = [...checklists.brief, ...Object.keys(inventedCodes(3_793))];
    for (let count = 1; count <= 12; count += 1) {
      await giveUnbounded(itemId, 'offer_handoff', { checklist });
      await giveUnbounded(itemId, 'withdraw_handoff', {});
    }
    // What time brings makes the run record by itself, with all that came before.
    await engine.travel(itemId, { to: 'next_deadline' });
    const { seq, headHash } = await engine.runState(itemId);
    const row = await eventually(async () => {
      const item = await engine.item(itemId);
      return item.seq === seq ? item : null;
    });
    expect(row.headHash).toBe(headHash);
    const chain = await engine.chain(itemId);
    expect(verifyChain(chain)).toBeNull();
    expect(JSON.stringify(chain).length).toBeGreaterThan(2 * 1_024 * 1_024);
    expect(await batchBytes(itemId)).toBeLessThan(4 * BATCH_BYTES + 250_000);
    // It goes on as every other run.
    await engine.apply('strategist', itemId, 'save_brief', { brief: makeBrief({ notes: 'on' }) });
  });
});

describe('a run near or beyond a limit', () => {
  let audit: Audit;
  beforeAll(() => {
    audit = createAudit(engine.deps);
  });

  async function find(code: FindingCode, itemId: string): Promise<Finding | null> {
    const { workspaceId } = engine.workspace;
    const now = new Date().toISOString();
    const { items } = await audit.stuck({ workspaceId, now, limit: 50, filters: { code } });
    return items.find((finding) => finding.itemId === itemId) ?? null;
  }

  it('is found by the state of its item; a new run would not help', async () => {
    const itemId = await engine.start({ brief: makeBrief() });
    expect(await find('run_near_limit', itemId)).toBeNull();
    const { checklists } = (await engine.context(itemId)).playbook;
    const reason = 'r'.repeat(2_000);
    const bytes = async () => itemBytes((await engine.runState(itemId)).snapshot.context);
    while ((await bytes()) < 0.8 * ITEM_BYTES) {
      for (let count = 1; count <= 10; count += 1) {
        await giveUnbounded(itemId, 'offer_handoff', { checklist: checklists.brief });
        await giveUnbounded(itemId, 'withdraw_handoff', { reason });
      }
    }
    const found = await eventually(() => find('run_near_limit', itemId));
    expect(found).toMatchObject({ severity: 'warning', repairs: [] });
    expect(found.evidence).toMatchObject({ near: ['stateBytes'] });
    expect(found.message).toContain('bytes of state');
  });

  it('run_near_limit: a history that grew while no worker was there is continued', async () => {
    const itemId = await engine.start();
    const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    await engine.stopWorker();
    const publicationId = 'p'.repeat(1_000_000);
    for (let count = 1; count <= 21; count += 1) {
      await handle.signal(readingsAddedSignal, { publicationId });
    }
    const found = await eventually(() => find('run_near_limit', itemId));
    expect(found).toMatchObject({
      evidence: { near: ['historyBytes'] },
      repairs: ['continue_run', 'replace_run'],
    });
    const caller = { ...engine.callerFor('strategist'), roles: ['admin' as const] };
    const request = {
      caller,
      findingId: found.id,
      repair: 'continue_run' as const,
      reason: 'it is too long',
      now: new Date().toISOString(),
    };
    // Nobody can tell while the engine is slow to describe a long history, or a worker reads it first.
    const ask = (dryRun: boolean) =>
      eventually(async () => {
        const outcome = await audit.repair({ ...request, dryRun });
        return outcome.outcome === 'cannot_tell' ? null : outcome;
      });
    expect(await ask(true)).toMatchObject({ outcome: 'would' });
    await engine.startWorker();
    const repaired = await ask(false);
    expect(['done', 'gone']).toContain(repaired.outcome);
    await eventually(async () => (await find('run_near_limit', itemId)) === null);
  });

  it('continues at once when it is asked to, with its chain and what it answered', async () => {
    const itemId = await engine.start({ brief: makeBrief() });
    const { seq, headHash } = await engine.runState(itemId);
    const { workspaceId } = engine.workspace;
    const key = { workspaceId, itemId };
    const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    const { runId } = await handle.describe();
    expect(await continueRun(engine.deps, key, { dryRun: true })).toMatchObject({ result: {} });
    expect((await handle.describe()).runId).toBe(runId);
    const { result } = await continueRun(engine.deps, key, { dryRun: false });
    expect(result).toMatchObject({ from: runId, runId: (await handle.describe()).runId });
    expect(result['runId']).not.toBe(runId);
    expect(await engine.runState(itemId)).toMatchObject({ seq, headHash });
    await engine.apply('strategist', itemId, 'save_brief', { brief: makeBrief({ notes: 'on' }) });
  });

  it('is built again from its row where no task of it succeeds any more', async () => {
    const itemId = await engine.start({ brief: makeBrief() });
    const before = await engine.chain(itemId);
    const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    const { runId } = await handle.describe();
    await engine.stopWorker();
    const bad = await startBadWorker(engine.deps);
    const cut = engine.send('strategist', itemId, 'save_brief', { brief: makeBrief() });
    const found = await eventually(() => find('workflow_task_failing', itemId));
    await bad.stop();
    expect(found.repairs).toEqual(['replace_run']);
    const request = { findingId: found.id, repair: 'replace_run' as const, reason: 'it is stuck' };
    const now = new Date().toISOString();
    const strategist = engine.callerFor('strategist');
    expect(await audit.repair({ ...request, caller: strategist, now })).toMatchObject({
      outcome: 'forbidden',
    });
    const caller = { ...strategist, roles: ['admin' as const] };
    const outcome = await audit.repair({ ...request, caller, now });
    expect(outcome).toMatchObject({ outcome: 'done', result: { replaced: true } });
    expect((await handle.describe()).runId).not.toBe(runId);
    expect(JSON.stringify(await handle.fetchHistory())).not.toContain('it is stuck');
    await engine.startWorker();
    expect(await cut).toMatchObject({ outcome: expect.stringMatching(/pending|applied/) });
    await engine.apply('strategist', itemId, 'save_brief', { brief: makeBrief({ notes: 'on' }) });
    const chain = await engine.chain(itemId);
    expect(chain.slice(0, before.length)).toEqual(before);
    expect(verifyChain(chain)).toBeNull();
    expect(await find('workflow_task_failing', itemId)).toBeNull();
  });
});

/** The largest input of a recording in the histories of the item's runs. */
async function batchBytes(itemId: string): Promise<number> {
  const { workflow } = engine.deps.temporal;
  const inputs: number[] = [];
  let runId: string | undefined;
  do {
    const { events } = await workflow.getHandle(itemWorkflowId(itemId), runId).fetchHistory();
    inputs.push(...recordingInputs(events ?? []));
    const first = events?.[0]?.workflowExecutionStartedEventAttributes;
    runId = first?.continuedExecutionRunId || undefined;
  } while (runId !== undefined);
  expect(inputs.length).toBeGreaterThan(6);
  return Math.max(...inputs);
}

type Events = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

function recordingInputs(events: Events): number[] {
  return events
    .map(({ activityTaskScheduledEventAttributes: asked }) => asked)
    .filter((asked) => asked?.activityType?.name === 'recordEvents')
    .map((asked) => asked?.input?.payloads?.[0]?.data?.length ?? 0);
}
