import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommandSender } from '../../src/commands/command-sender.ts';
import { readArchivedHistories } from '../../src/db/audit/archived-histories.ts';
import { insertFreeze, liftFreeze } from '../../src/db/calendar/freezes.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { type CommandMessage, FORGOTTEN, type ItemRunInput } from '../../src/workflows/messages.ts';
import { makeBrief } from '../support/content.ts';
import { dyingClient } from '../support/dying-client.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';
import { HOUR_MS, signOff, toCreation, toKpiReview, toScheduled } from '../support/item-story.ts';

/** So low that a run of a few commands continues. */
const CONTINUE_ABOVE = 30;

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine({ continueAbove: CONTINUE_ABOVE });
});
afterAll(() => engine?.close());

async function runId(itemId: string): Promise<string> {
  const { temporal } = engine.deps;
  return (await temporal.workflow.getHandle(itemWorkflowId(itemId)).describe()).runId;
}

/** Saves briefs until the run has continued, and settled in its new history. */
async function continued(itemId: string): Promise<void> {
  const before = await runId(itemId);
  for (let count = 1; (await runId(itemId)) === before; count += 1) {
    if (count > 60) throw new Error(`${itemId} does not continue`);
    const brief = makeBrief({ notes: `note ${count}` });
    await engine.apply('strategist', itemId, 'save_brief', { brief });
  }
}

/** What the present run of an item began with. */
async function input(itemId: string): Promise<ItemRunInput> {
  const { temporal } = engine.deps;
  const { events } = await temporal.workflow.getHandle(itemWorkflowId(itemId)).fetchHistory();
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  const [read] = await decodeArrayFromPayloads(
    temporal.options.loadedDataConverter,
    started?.input?.payloads,
  );
  return read as ItemRunInput;
}

async function archivedRuns(itemId: string): Promise<string[]> {
  const { workspaceId } = engine.workspace;
  const histories = await readArchivedHistories(engine.deps.db, { workspaceId, itemId });
  return histories.map((history) => history.runId);
}

describe('a run that continues in a fresh history', () => {
  it('is the same item: one chain, one post, one verdict, and every history archived', async () => {
    const itemId = await engine.start();
    const first = await runId(itemId);
    await toKpiReview(engine, itemId);
    await signOff(engine, itemId);
    const last = await runId(itemId);
    expect(last).not.toBe(first);
    const { raw } = await engine.deps.temporal.workflow
      .getHandle(itemWorkflowId(itemId))
      .describe();
    const { workspaceId: fairnessKey } = engine.workspace;
    expect(raw.workflowExecutionInfo?.priority).toMatchObject({ fairnessKey });
    const row = await eventually(async () => {
      const item = await engine.item(itemId);
      return item.stage === 'closed' ? item : null;
    });
    const chain = await engine.chain(itemId);
    expect(chain).toHaveLength(row.seq);
    expect(verifyChain(chain)).toBeNull();
    expect(engine.posts(itemId)).toHaveLength(1);
    const archived = await eventually(async () => {
      const runs = await archivedRuns(itemId);
      return runs.includes(last) && runs.includes(first) ? runs : null;
    });
    expect(archived.length).toBeGreaterThanOrEqual(2);
  });

  it('answers a repeated id as it did first, and applies nothing again', async () => {
    const itemId = await engine.start();
    await toCreation(engine, itemId);
    const commandId = newCommandId();
    const dying = createCommandSender({
      ...engine.deps,
      temporal: dyingClient(engine.deps.temporal, 'after_engine'),
    });
    const body = { brief: makeBrief({ notes: 'nobody heard of this' }) };
    await dying.send({
      itemId,
      commandId,
      type: 'save_brief',
      body,
      source: 'http',
      bodyHash: 'd',
      caller: engine.callerFor('strategist'),
    });
    const { seq } = await engine.runState(itemId);
    await continued(itemId);
    await engine.apply('strategist', itemId, 'hold', { reason: 'the item is elsewhere by now' });
    // What nobody heard of is in the tables once the new run has carried it there.
    await eventually(async () => verifyChain(await engine.chain(itemId)) === null);
    const row = await engine.drain(commandId);
    expect(row).toMatchObject({
      state: 'applied',
      appliedSeq: seq,
      answer: { seq, stage: 'creation', substage: 'drafting' },
    });
    const named = (await engine.chain(itemId)).filter((event) => event.commandId === commandId);
    expect(named).toHaveLength(1);
  });

  it('applies no command twice that it has forgotten: the tables answer', async () => {
    const itemId = await engine.start();
    await toCreation(engine, itemId);
    const commandId = newCommandId();
    const dying = createCommandSender({
      ...engine.deps,
      temporal: dyingClient(engine.deps.temporal, 'after_engine'),
    });
    await dying.send({
      itemId,
      commandId,
      type: 'save_brief',
      body: { brief: makeBrief({ notes: 'nobody heard of this' }) },
      source: 'http',
      bodyHash: 'd',
      caller: engine.callerFor('strategist'),
    });
    const { seq } = await engine.runState(itemId);
    const forgets = async () => ((await input(itemId)).continued?.forgottenSeq ?? 0) >= seq;
    for (let count = 1; !(await forgets()); count += 1) {
      if (count > 200) throw new Error('the run forgets nothing');
      const brief = makeBrief({ notes: `note ${count}` });
      await engine.apply('strategist', itemId, 'save_brief', { brief });
    }
    await eventually(async () => verifyChain(await engine.chain(itemId)) === null);
    const named = async () =>
      (await engine.chain(itemId)).filter((event) => event.commandId === commandId);
    const before = (await engine.item(itemId)).seq;
    expect(await named()).toHaveLength(1);

    const { message } = (await engine.command(commandId)).payload as { message: CommandMessage };
    const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    for (const lookUp of [
      { seq: seq - 1, found: false },
      { seq: before, found: true },
    ]) {
      const sent = handle.executeUpdate('command', { args: [message, lookUp] });
      await expect(sent).rejects.toMatchObject({ cause: { type: FORGOTTEN } });
    }

    const row = await engine.drain(commandId);
    expect(row).toMatchObject({ state: 'applied', appliedSeq: seq, answer: { seq } });
    expect(await named()).toHaveLength(1);
    expect((await engine.runState(itemId)).seq).toBe(before);
  });

  it('goes on with a post that waits for its next attempt', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: HOUR_MS });
    const { workspaceId } = engine.workspace;
    const { db } = engine.deps;
    const frozenBy = engine.workspace.memberOf('social_media_manager');
    await inTransaction(db, (tx) =>
      insertFreeze(tx, { workspaceId, reason: 'a crisis', frozenBy }),
    );
    await engine.travel(itemId, { byMs: HOUR_MS + 1_000 });
    await engine.until(itemId, 'sending', ({ stage }) => stage === 'publishing');
    const before = await runId(itemId);
    for (let count = 1; (await runId(itemId)) === before; count += 1) {
      if (count > 12) throw new Error(`${itemId} does not continue while its post waits`);
      await engine.travel(itemId, { to: 'next_deadline' });
    }
    const { continued, item } = await input(itemId);
    expect(item).toEqual({ workspaceId, itemId });
    expect(continued?.sends).toMatchObject([{ state: { isFirst: false } }]);
    expect(continued?.sends?.[0]?.pace.attempts).toBeGreaterThan(1);
    expect(engine.posts(itemId)).toEqual([]);
    await liftFreeze(db, { workspaceId, liftReason: 'it is over', liftedBy: frozenBy });
    await engine.travel(itemId, { to: 'next_deadline' });
    await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
    expect(engine.posts(itemId)).toHaveLength(1);
    expect(verifyChain(await engine.chain(itemId))).toBeNull();
  });

  it('keeps its deadlines, and passes none of them twice', async () => {
    const itemId = await engine.start();
    await engine.travel(itemId, { to: 'next_deadline' });
    await continued(itemId);
    const before = await engine.runState(itemId);
    expect(before.nextDeadline).not.toBeNull();
    await engine.travel(itemId, { to: 'next_deadline' });
    const warned = (await engine.chain(itemId)).filter(({ type }) => type === 'sla.warned');
    expect(warned.map(({ data }) => data['percent'])).toEqual([50, 80]);
    const late = Date.parse(warned[1]?.at ?? '') - Date.parse(before.nextDeadline ?? '');
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThan(HOUR_MS);
  });

  it('loses and doubles nothing of what arrives while it continues', async () => {
    const itemId = await engine.start();
    const first = await runId(itemId);
    const ids = Array.from({ length: 60 }, newCommandId);
    const outcomes = await Promise.all(
      ids.map((commandId, count) =>
        // All wait for one row: who is cut off on a busy machine sends again, as a client would.
        eventually(() =>
          engine
            .verdict(
              'strategist',
              itemId,
              'save_brief',
              { brief: makeBrief({ notes: `note ${count}` }) },
              { commandId },
            )
            .catch(() => null),
        ),
      ),
    );
    expect(await runId(itemId)).not.toBe(first);
    for (const [index, commandId] of ids.entries()) {
      const row = await engine.drain(commandId);
      expect(row.state).toBe('applied');
      const outcome = outcomes[index];
      if (outcome?.outcome === 'applied') expect(outcome.answer).toEqual(row.answer);
    }
    const chain = await eventually(async () => {
      const events = await engine.chain(itemId);
      return events.length === 61 ? events : null;
    });
    expect(verifyChain(chain)).toBeNull();
    const named = chain.map(({ commandId }) => commandId).slice(1);
    expect([...named].sort()).toEqual([...ids].sort());
    const run = await engine.runState(itemId);
    expect(await engine.item(itemId)).toMatchObject({ seq: run.seq, headHash: run.headHash });
  });
});
