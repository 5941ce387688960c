import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommandSender } from '../../src/commands/command-sender.ts';
import { readArchivedHistories } from '../../src/db/audit/archived-histories.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { makeBrief } from '../support/content.ts';
import { dyingClient } from '../support/dying-client.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';
import { HOUR_MS, signOff, toCreation, toKpiReview } from '../support/item-story.ts';

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
        engine.verdict(
          'strategist',
          itemId,
          'save_brief',
          { brief: makeBrief({ notes: `note ${count}` }) },
          { commandId },
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
