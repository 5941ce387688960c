import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { ItemKey } from '../../db/item/items.ts';
import { itemWorkflowId } from '../../domain/ids.ts';
import { ask, isNotFound, whyNot } from '../../engine/ask.ts';
import type { RunState } from '../../workflows/messages.ts';
import { NotPossible, type RepairReport } from './repair-outcome.ts';

const RETRY_MS = 6_000;
const POLL_MS = 100;
/** Of an activity of the engine: it waits for a worker or for its next attempt. */
const SCHEDULED = 1;

/** An activity between two attempts, in one, or what became of it. */
interface Step {
  id: string;
  name: string;
  attempts: number;
  isWaiting: boolean;
}

/**
 * Ends the wait of every step of a run that failed and waits for its next attempt, and makes the run look
 * at its clock. The engine counts the attempts of these steps anew.
 */
export async function retryStep(
  { temporal }: { temporal: Client },
  { itemId }: ItemKey,
  { dryRun }: { dryRun: boolean },
): Promise<RepairReport> {
  const workflowId = itemWorkflowId(itemId);
  const until = Date.now() + RETRY_MS;
  try {
    const failing = (await pendingSteps(temporal, workflowId, until)).filter(hasFailed);
    const changes = [
      ...failing.map(({ name, attempts }) => `${name} is tried again, after ${attempts} attempts`),
      'the run looks at its clock',
    ];
    if (dryRun) return { changes, result: {} };
    // One whose next attempt is under way needs no end of its wait: it is tried as it is.
    for (const step of failing.filter(isInBackOff)) await reset(temporal, workflowId, step, until);
    const isAwake = await wake(temporal, workflowId, until);
    if (failing.length === 0 && !isAwake) throw new NotPossible('no worker answered for the run');
    const failed = await failedAgain(temporal, workflowId, { failing, until });
    const retried = failing.map(({ name }) => name);
    return {
      changes: isAwake ? changes : changes.slice(0, -1),
      result: { retried, failed },
      ...(failed.length > 0 && { failedAgain: true }),
    };
  } catch (error) {
    if (error instanceof NotPossible) throw error;
    throw new NotPossible(`the steps of ${workflowId} cannot be reached: ${whyNot(error)}`);
  }
}

function hasFailed({ attempts }: Step): boolean {
  return attempts > 0;
}

function isInBackOff(step: Step): boolean {
  return step.isWaiting && hasFailed(step);
}

async function pendingSteps(temporal: Client, workflowId: string, until: number): Promise<Step[]> {
  const { pendingActivities } = await ask(temporal, until, () =>
    temporal.workflowService.describeWorkflowExecution({
      namespace: temporal.options.namespace,
      execution: { workflowId },
    }),
  );
  return (pendingActivities ?? []).map(
    ({ activityId, activityType, attempt, state, lastFailure }) => ({
      id: activityId ?? '',
      name: activityType?.name ?? '',
      // The engine names the attempt that comes next.
      attempts: lastFailure == null ? 0 : Math.max(1, (attempt ?? 1) - 1),
      isWaiting: state === SCHEDULED,
    }),
  );
}

/** One that ended by itself meanwhile is well. */
async function reset(
  temporal: Client,
  workflowId: string,
  { id }: Step,
  until: number,
): Promise<void> {
  const { namespace } = temporal.options;
  try {
    await ask(temporal, until, () =>
      temporal.workflowService.resetActivity({ namespace, execution: { workflowId }, id }),
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Whether a worker took note. */
function wake(temporal: Client, workflowId: string, until: number): Promise<boolean> {
  const updateId = `tick:${randomUUID()}`;
  return ask(temporal, until, () =>
    temporal.workflow
      .getHandle(workflowId)
      .executeUpdate<RunState, []>('tick', { updateId, args: [] }),
  ).then(
    () => true,
    () => false,
  );
}

/** Names of the steps that failed once more, as far as is known by then. */
async function failedAgain(
  temporal: Client,
  workflowId: string,
  { failing, until }: { failing: readonly Step[]; until: number },
): Promise<string[]> {
  for (;;) {
    const now = await pendingSteps(temporal, workflowId, until).catch(() => []);
    const left = now.filter(({ id }) => failing.some((step) => step.id === id));
    const isSettled = left.every(isInBackOff);
    if (isSettled || Date.now() > until) return left.filter(isInBackOff).map(({ name }) => name);
    await delay(POLL_MS);
  }
}
