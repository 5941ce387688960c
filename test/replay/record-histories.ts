import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { replaceRun } from '../../src/audit/repairs/replace-run.ts';
import { insertFreeze, liftFreeze } from '../../src/db/calendar/freezes.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { insertCampaign } from '../../src/db/workspace/campaigns.ts';
import { insertPlaybook } from '../../src/db/workspace/playbooks.ts';
import { CAMPAIGN_WORD_SIGNAL, type CampaignWord } from '../../src/domain/campaign/campaign-run.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import type { ItemContext } from '../../src/domain/item/context.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import {
  signOff,
  submit,
  toKpiReview,
  toMeasuring,
  toReview,
  toScheduled,
} from '../support/item-story.ts';
import { coverageOf, missingOf } from './coverage.ts';
import { machinePaths } from './machine-paths.ts';
import { openPathEngine } from './path-engine.ts';

/**
 * Records real runs of today's workflows. `npm run histories:record` once per release: what is
 * recorded stays, so that runs of every release go on under later code.
 */
const DIRECTORY = join(import.meta.dirname, '..', 'histories');
const VERSION = process.env['HISTORIES_VERSION'] ?? 'v1';

let engine: ItemEngine;
beforeAll(async () => {
  mkdirSync(DIRECTORY, { recursive: true });
  engine = await openItemEngine();
}, 120_000);
afterAll(() => engine?.close());

const coverages: Set<string>[] = [];

/** An open run's last entry is an answer with its head and its next deadline, to be found again. */
async function tickUnlessClosed(handle: WorkflowHandle): Promise<void> {
  const { status } = await handle.describe();
  if (status.name !== 'RUNNING') return;
  await handle.executeUpdate('tick', { updateId: `tick:${handle.workflowId}` });
}

/** What is recorded stays: a history of this name and version is not written again. */
async function record(
  name: string,
  workflowId: string,
  { runId, by = engine.deps }: { runId?: string; by?: { temporal: Client } } = {},
): Promise<void> {
  const handle = by.temporal.workflow.getHandle(workflowId, runId);
  if (runId === undefined) await tickUnlessClosed(handle);
  const history = await handle.fetchHistory();
  coverages.push(coverageOf(history));
  expect(history.events?.length).toBeGreaterThan(3);
  const file = join(DIRECTORY, `${VERSION}-${name}.json.gz`);
  if (!existsSync(file)) writeFileSync(file, gzipSync(historyToJSON(history), { level: 9 }));
}

async function untilClosed(workflowId: string): Promise<void> {
  await eventually(async () => {
    const { status } = await engine.deps.temporal.workflow.getHandle(workflowId).describe();
    return status.name === 'COMPLETED';
  });
}

it('an item from brief to verdict, and its send', async () => {
  const itemId = await engine.start();
  await toKpiReview(engine, itemId);
  await signOff(engine, itemId);
  await untilClosed(itemWorkflowId(itemId));
  await record('closed', itemWorkflowId(itemId));
});

it('an item that is revised, held, resumed and cancelled', async () => {
  const itemId = await engine.start();
  const contentHash = await toReview(engine, itemId);
  const decision = 'request_changes';
  await engine.apply('editor', itemId, 'decide_approval', {
    role: 'editor',
    contentHash,
    decision,
    reason: 'quality',
  });
  await submit(engine, itemId, { draft: { body: 'A second version of it.' } });
  await engine.apply('strategist', itemId, 'reassign', {
    role: 'creator',
    memberId: engine.workspace.memberOf('creator'),
  });
  await engine.apply('editor', itemId, 'hold', { reason: 'the news changed' });
  await engine.apply('editor', itemId, 'resume', { reason: 'it may go on' });
  await engine.apply('strategist', itemId, 'cancel', { reason: 'out of date' });
  await untilClosed(itemWorkflowId(itemId));
  await record('cancelled', itemWorkflowId(itemId));
});

it('a send whose answer was lost, found by look-up', async () => {
  const itemId = await engine.start();
  await engine.sandbox.fault({ mode: 'accept_then_reset', marker: engine.marker(itemId) });
  await toMeasuring(engine, itemId);
  await record('reconciled', itemWorkflowId(itemId));
});

it('a thread whose send had to wait first', async () => {
  const itemId = await engine.start();
  await engine.sandbox.fault({ mode: 'rate_limited', marker: engine.marker(itemId) });
  const variants = [{ channel: 'sandbox' as const, text: 'one', thread: ['two'] }];
  await toScheduled(engine, itemId, { slotInMs: 1_500, draft: { variants } });
  await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
  await record('thread', itemWorkflowId(itemId));
});

it('a send that waited for the end of a freeze', async () => {
  const { workspaceId, memberOf } = engine.workspace;
  const { db } = engine.deps;
  const by = memberOf('social_media_manager');
  const itemId = await engine.start();
  await toScheduled(engine, itemId, { slotInMs: 1_500 });
  const planned = await engine.historyLength(itemId);
  const freeze = { workspaceId, reason: 'an accident', frozenBy: by };
  await inTransaction(db, (tx) => insertFreeze(tx, freeze));
  const waited = async () => (await engine.historyLength(itemId)) > planned + 40;
  await eventually(waited, { what: 'some waits' });
  await liftFreeze(db, { workspaceId, liftReason: 'it is over', liftedBy: by });
  await engine.until(itemId, 'measuring', ({ stage }) => stage === 'measuring');
  await record('frozen', itemWorkflowId(itemId));
});

it('a send whose network was away for too long', async () => {
  const { workspaceId } = engine.workspace;
  const playbook = { ...STANDARD_PLAYBOOK, name: 'brief', slotGraceMinutes: 0.5 };
  await insertPlaybook(engine.deps.db, { workspaceId, playbook });
  const itemId = await engine.start({ playbook: 'brief' });
  await engine.sandbox.stop();
  try {
    await toScheduled(engine, itemId, { slotInMs: 1_500 });
    const isOver = ({ publications }: ItemContext) =>
      publications.some(({ state }) => state === 'missed' || state === 'rejected');
    await engine.until(itemId, 'given up', isOver);
  } finally {
    await engine.sandbox.start();
  }
  await record('unreachable', itemWorkflowId(itemId));
});

it('an item that hears that its campaign is released, and that it is cancelled', async () => {
  const { workspaceId, memberOf } = engine.workspace;
  const createdBy = memberOf('strategist');
  const campaign = { workspaceId, name: 'Spring', goal: 'engage' as const, createdBy };
  const { id: campaignId } = await insertCampaign(engine.deps.db, campaign);
  const itemId = await engine.start({ campaignId });
  const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
  const say = (word: CampaignWord) => handle.signal(CAMPAIGN_WORD_SIGNAL, word);
  await say({ campaignId, type: 'campaign_released' });
  await toScheduled(engine, itemId);
  await say({ campaignId, type: 'campaign_cancelled', reason: 'out of date' });
  await untilClosed(itemWorkflowId(itemId));
  await record('campaign', itemWorkflowId(itemId));
});

it('a run that took the place of a lost one', async () => {
  const { workspaceId, memberOf } = engine.workspace;
  const itemId = await engine.start();
  await toReview(engine, itemId);
  const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
  await handle.terminate('lost');
  const order = { reason: 'the run was lost', actorId: memberOf('strategist'), dryRun: false };
  await replaceRun(engine.deps, { workspaceId, itemId }, order);
  await engine.apply('editor', itemId, 'hold', { reason: 'the news changed' });
  await engine.apply('strategist', itemId, 'cancel', { reason: 'out of date' });
  await untilClosed(itemWorkflowId(itemId));
  await record('replaced', itemWorkflowId(itemId));
});

it('a run that continued as new, and the run that continues it', async () => {
  const continuing = await openItemEngine({ continueAbove: 60 });
  try {
    const itemId = await continuing.start();
    const handle = continuing.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    const first = (await handle.describe()).runId;
    await toMeasuring(continuing, itemId);
    await continuing.travel(itemId, { byMs: 2 * 86_400_000 });
    const next = await eventually(async () => {
      const { runId } = await handle.describe();
      return runId === first ? null : runId;
    });
    await record('continued', itemWorkflowId(itemId), { runId: first, by: continuing.deps });
    await record('continuing', itemWorkflowId(itemId), { runId: next, by: continuing.deps });
  } finally {
    await continuing.close();
  }
});

it('every path of the machine, with services that answer as it goes', async () => {
  const engine = await openPathEngine();
  try {
    const runs = await engine.walkAll(machinePaths());
    for (const [index, { workflowId }] of runs.entries()) {
      await record(`path-${String(index + 1).padStart(2, '0')}`, workflowId, { by: engine });
    }
    const archived = await engine.archiveOf(runs);
    await record('archive', archived, { by: engine });
  } finally {
    await engine.close();
  }
});

it('an item that is still open, with its slot ahead', async () => {
  const itemId = await engine.start();
  await toScheduled(engine, itemId);
  await record('scheduled', itemWorkflowId(itemId));
});

it('nothing that a run can do is left out', () => {
  expect(missingOf(coverages)).toEqual([]);
});
