import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { ask, codeOf, NoAnswer } from '../../engine/ask.ts';
import { findWorker, type WorkerQuestion } from '../../engine/workers.ts';
import type { AuditMemory } from '../audit-memory.ts';
import type { WorkerAbsence, WorkerCheck } from './worker-check.ts';

/** Whether a worker is absent: of a build, or of those that new runs go to. */
export async function findAbsence(
  { temporal, memory }: { temporal: Client; memory: AuditMemory },
  { now, ...question }: Omit<WorkerQuestion, 'nowMs'> & { now: string },
): Promise<WorkerCheck> {
  const nowMs = Date.parse(now);
  const { taskQueue, buildId } = question;
  const found = await findWorker(temporal, { nowMs, ...question });
  const { missing, seenAt, lastSignAt, builds } = found;
  const key = buildId === undefined ? taskQueue : `${taskQueue} ${buildId}`;
  if (missing.length === 0) {
    const seen = new Date(Math.min(nowMs, seenAt || nowMs)).toISOString();
    memory.workers.set(key, { seenAt: seen });
    return { builds, absence: null };
  }
  return { builds, absence: { ...lastSign(memory, key, { lastSignAt, now }), kinds: missing } };
}

/** Kept, because the engine forgets pollers in minutes. */
function lastSign(
  memory: AuditMemory,
  key: string,
  { lastSignAt, now }: { lastSignAt: number; now: string },
): Pick<WorkerAbsence, 'since' | 'lastSeenAt'> {
  if (lastSignAt > 0) {
    const seenAt = new Date(lastSignAt).toISOString();
    memory.workers.set(key, { seenAt });
    return { since: seenAt, lastSeenAt: seenAt };
  }
  const known = memory.workers.get(key);
  if (known !== undefined && 'seenAt' in known) {
    return { since: known.seenAt, lastSeenAt: known.seenAt };
  }
  const missedSince = known?.missedSince ?? now;
  memory.workers.set(key, { missedSince });
  return { since: missedSince, lastSeenAt: null };
}

/** gRPC status codes that a question to a run may end with. */
const NOT_FOUND = 5;
const FAILED_PRECONDITION = 9;
const UNAVAILABLE = 14;

/**
 * Asks a run where it is, which only a worker can answer.
 * @returns false when nobody answered, null when that says nothing about workers: the run is gone, or
 * has not begun. Any other error was made by a worker.
 * @throws when the engine itself is away.
 */
export async function probeRun(
  temporal: Client,
  workflowId: string,
  until: number,
): Promise<boolean | null> {
  try {
    await ask(temporal, until, () => temporal.workflow.getHandle(workflowId).query('state'));
    return true;
  } catch (error) {
    if (error instanceof NoAnswer) return false;
    if (error instanceof WorkflowNotFoundError) return null;
    switch (codeOf(error)) {
      case FAILED_PRECONDITION:
        return isNoPoller(error) ? false : null;
      case NOT_FOUND:
        return null;
      case UNAVAILABLE:
        throw error;
      default:
        return true;
    }
  }
}

/** The server says so of a queue that nobody has polled for some minutes. */
function isNoPoller(error: unknown): boolean {
  const { message, cause } = error instanceof Error ? error : new Error('');
  return `${message} ${cause instanceof Error ? cause.message : ''}`.includes('no poller');
}
