import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { ItemKey } from '../../db/item/items.ts';
import { itemWorkflowId } from '../../domain/ids.ts';
import { ask, whyNot } from '../../engine/ask.ts';
import { continueNowSignal, type RunState } from '../../workflows/messages.ts';
import { readRunStatus } from '../run-status.ts';
import { NotPossible, type RepairReport } from './repair-outcome.ts';

/** A run that is idle continues within its next task. */
const WAIT_MS = 5_000;
const POLL_MS = 100;

/** Makes a run go on in a fresh history as soon as nothing of it is under way, however short it is. */
export async function continueRun(
  { temporal }: { temporal: Client },
  { itemId }: ItemKey,
  { dryRun }: { dryRun: boolean },
): Promise<RepairReport> {
  const workflowId = itemWorkflowId(itemId);
  const until = Date.now() + WAIT_MS;
  const before = await openRunId(temporal, workflowId, until);
  const changes = [`the run ${before} continues in a new history`];
  if (dryRun) return { changes, result: {} };
  const handle = temporal.workflow.getHandle(workflowId);
  try {
    await ask(temporal, until, () => handle.signal(continueNowSignal));
  } catch (error) {
    throw new NotPossible(`the run could not be told: ${whyNot(error)}`);
  }
  while (Date.now() < until) {
    const runId = await openRunId(temporal, workflowId, until).catch(() => before);
    if (runId !== before) return { changes, result: { from: before, runId } };
    await delay(POLL_MS);
  }
  const work = await ask(temporal, Date.now() + POLL_MS * 10, () =>
    handle.query<RunState>('state'),
  ).then(
    (state) => state.work,
    () => [],
  );
  const waits = work.length === 0 ? 'a worker' : `the end of ${work.join(', ')}`;
  return {
    changes: [`the run ${before} was asked to continue. It waits for ${waits}`],
    result: { from: before, work },
  };
}

/** @throws NotPossible */
async function openRunId(temporal: Client, workflowId: string, until: number): Promise<string> {
  try {
    const run = await readRunStatus(temporal, { workflowId }, until);
    if (run.state === 'open') return run.runId;
  } catch (error) {
    throw new NotPossible(`the run ${workflowId} cannot be read: ${whyNot(error)}`);
  }
  throw new NotPossible(`the run ${workflowId} is not open`);
}
