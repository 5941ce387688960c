import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { ask, codeOf, isUnimplemented, NoAnswer } from './ask-engine.ts';
import type { AuditMemory } from './audit-memory.ts';
import { instantOf } from './open-runs.ts';

/** Whether a task queue has a worker. */
export type WorkerSight =
  | { present: true }
  | { present: false; since: string; lastSeenAt: string | null; kinds: TaskKind[] };

type TaskKind = 'workflow' | 'activity';
/** `TaskQueueType` of temporal.api.enums.v1. */
const TASK_QUEUE_TYPES = { workflow: 1, activity: 2 } as const;
/** `WorkerStatus` of temporal.api.enums.v1. */
const RUNNING = 1;

/** A worker that was seen so lately is there; one that was not is asked, so that 30 s are enough in all. */
const SEEN_WITHIN_MS = 20_000;
/** Our worker's heart beats every 10 s: where nobody can be asked, this long without is its end. */
const BEAT_WITHIN_MS = 30_000;
/** A poll of an idle worker lasts a minute; where no heartbeats are kept there is nothing else. */
const SURE_AFTER_MS = 75_000;
/** A poll that ends with its worker is noted just after the worker's last heartbeat. */
const LAST_POLL_MS = 500;

/** Sees when workers of a queue last polled for each kind of task, and last said that they live. */
interface Signs {
  polls: Record<TaskKind, Poll[]>;
  heartbeats: { identity: string; at: number; runs: boolean }[];
}

interface Poll {
  identity: string;
  at: number;
}

/**
 * Whether a worker works for a queue. The last poll of an idle worker may be a minute old, so one
 * that is not plainly there is asked: `probe` is a question that only a worker can answer.
 */
export async function seeWorker(
  { temporal, memory }: { temporal: Client; memory: AuditMemory },
  {
    taskQueue,
    now,
    until,
    probe,
  }: { taskQueue: string; now: string; until: number; probe: () => Promise<boolean | null> },
): Promise<WorkerSight> {
  const signs = await readSigns(temporal, taskQueue, until);
  const at = Date.parse(now);
  const gone = stoppedWorkers(signs);
  const polled = (kind: TaskKind) => signs.polls[kind].filter((poll) => !isOf(poll, gone));
  const beats = signs.heartbeats.filter(({ runs }) => runs);
  const latest = (kind: TaskKind) => latestOf([...polled(kind), ...beats]);
  const ages = { workflow: at - latest('workflow'), activity: at - latest('activity') };
  const isPlain = ages.workflow <= SEEN_WITHIN_MS && ages.activity <= SEEN_WITHIN_MS;
  // A worker that lives has polled within a minute, whoever else has its identity.
  const mayLive = at - latestOf([...signs.polls.workflow, ...signs.heartbeats]) <= SURE_AFTER_MS;
  const answer = isPlain || (mayLive && (await probe()));
  const unasked = beats.length > 0 ? BEAT_WITHIN_MS : SURE_AFTER_MS;
  const limit = { true: SURE_AFTER_MS, false: SEEN_WITHIN_MS, null: unasked }[`${answer}`];
  const kinds = (['workflow', 'activity'] as const).filter((kind) =>
    answer === true && kind === 'workflow' ? false : ages[kind] > limit,
  );
  const seenAt = Math.max(latest('workflow'), latest('activity'));
  if (kinds.length === 0) {
    memory.workers.set(taskQueue, { seenAt: new Date(Math.min(at, seenAt || at)).toISOString() });
    return { present: true };
  }
  const left = Math.max(seenAt, ...gone.values());
  return { present: false, ...absence(memory, taskQueue, { seenAt: left, now }), kinds };
}

function latestOf(signs: readonly { at: number }[]): number {
  return Math.max(0, ...signs.map(({ at }) => at));
}

/** Since when: the last sign that is known of. Kept, because the engine forgets pollers in minutes. */
function absence(
  memory: AuditMemory,
  taskQueue: string,
  { seenAt, now }: { seenAt: number; now: string },
): { since: string; lastSeenAt: string | null } {
  const known = memory.workers.get(taskQueue);
  if (seenAt > 0) {
    const seen = new Date(seenAt).toISOString();
    memory.workers.set(taskQueue, { seenAt: seen });
    return { since: seen, lastSeenAt: seen };
  }
  if (known !== undefined && 'seenAt' in known) {
    return { since: known.seenAt, lastSeenAt: known.seenAt };
  }
  const missedSince = known?.missedSince ?? now;
  memory.workers.set(taskQueue, { missedSince });
  return { since: missedSince, lastSeenAt: null };
}

/** Workers that said good-bye, with when. */
function stoppedWorkers({ heartbeats }: Signs): Map<string, number> {
  const stopped = new Map<string, number>();
  for (const { identity, at, runs } of heartbeats) {
    if (!runs) stopped.set(identity, Math.max(at, stopped.get(identity) ?? 0));
  }
  return stopped;
}

/** Workers of one process share an identity, so a poll after the good-bye is another one's. */
function isOf({ identity, at }: Poll, stopped: ReadonlyMap<string, number>): boolean {
  const end = stopped.get(identity);
  return end !== undefined && at <= end + LAST_POLL_MS;
}

async function readSigns(temporal: Client, taskQueue: string, until: number): Promise<Signs> {
  const [workflow, activity, heartbeats] = await Promise.all([
    readPolls(temporal, taskQueue, 'workflow', until),
    readPolls(temporal, taskQueue, 'activity', until),
    readHeartbeats(temporal, taskQueue, until),
  ]);
  return { polls: { workflow, activity }, heartbeats };
}

async function readPolls(
  temporal: Client,
  taskQueue: string,
  kind: TaskKind,
  until: number,
): Promise<Poll[]> {
  const { pollers } = await ask(temporal, until, () =>
    temporal.workflowService.describeTaskQueue({
      namespace: temporal.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: TASK_QUEUE_TYPES[kind],
    }),
  );
  return (pollers ?? []).map(({ identity, lastAccessTime }) => ({
    identity: identity ?? '',
    at: Date.parse(instantOf(lastAccessTime) ?? '') || 0,
  }));
}

/** Not every server keeps heartbeats. */
async function readHeartbeats(
  temporal: Client,
  taskQueue: string,
  until: number,
): Promise<Signs['heartbeats']> {
  try {
    const { workersInfo } = await ask(temporal, until, () =>
      temporal.workflowService.listWorkers({
        namespace: temporal.options.namespace,
        pageSize: 100,
        query: `TaskQueue="${taskQueue}"`,
      }),
    );
    return (workersInfo ?? []).flatMap(({ workerHeartbeat: beat }) =>
      beat === undefined || beat === null || beat.taskQueue !== taskQueue
        ? []
        : [
            {
              identity: beat.workerIdentity ?? '',
              at: Date.parse(instantOf(beat.heartbeatTime) ?? '') || 0,
              runs: beat.status === RUNNING,
            },
          ],
    );
  } catch (error) {
    if (isUnimplemented(error)) return [];
    throw error;
  }
}

/** gRPC status codes that a question to a run may end with. */
const DEADLINE_EXCEEDED = 4;
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
    if (error instanceof NoAnswer || error instanceof WorkflowNotFoundError) {
      return error instanceof NoAnswer ? false : null;
    }
    switch (codeOf(error)) {
      case DEADLINE_EXCEEDED:
        return false;
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
