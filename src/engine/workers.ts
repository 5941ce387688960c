import type { Client } from '@temporalio/client';
import { hasRuns, type TaskQueue } from '../domain/task-queues.ts';
import { askUntil, isUnimplemented } from './ask.ts';
import { msOf } from './instant.ts';

export type TaskKind = 'workflow' | 'activity';
/** What a queue of runs has; every other queue has activities only. */
export const RUN_KINDS: readonly TaskKind[] = ['workflow', 'activity'];
export const ACTIVITY_KINDS: readonly TaskKind[] = ['activity'];

/** The kinds of task that one of our queues has. */
export function kindsOf(queue: TaskQueue): readonly TaskKind[] {
  return hasRuns(queue) ? RUN_KINDS : ACTIVITY_KINDS;
}

/** `TaskQueueType` of temporal.api.enums.v1. */
const TASK_QUEUE_TYPES = { workflow: 1, activity: 2 } as const;
/** `WorkerVersioningMode` of temporal.api.enums.v1. */
const VERSIONED = 2;
/** `WorkerStatus` of temporal.api.enums.v1. */
const RUNNING = 1;

/** A worker that gave a sign of life so lately is there, without being asked. */
const SEEN_WITHIN_MS = 20_000;
/** Our worker's heart beats every 10 s: where nobody can be asked, this long without is its end. */
const BEAT_WITHIN_MS = 30_000;
/** A worker that says how long its own interval is may be late by half of it. */
const LATENESS = 1.5;
/** A poll of an idle worker lasts a minute; where no heartbeats are kept there is nothing else. */
const POLL_WITHIN_MS = 75_000;
/** A poll that ends with its worker is noted just after the worker's last heartbeat. */
const LAST_POLL_MS = 500;

/** Whether a task queue has a worker. Instants in epoch milliseconds, 0 when there is none. */
export interface WorkerPresence {
  /** The kinds of task that nobody works for; empty when a worker is there. */
  missing: TaskKind[];
  /** The last sign of a worker that has not said good-bye. */
  seenAt: number;
  /** The last sign of any worker, a good-bye included. */
  lastSignAt: number;
  /** The builds whose workers were looked for; null stands for workers that are of none. */
  builds: (string | null)[];
}

interface Poll {
  identity: string;
  /** Null of a worker that is of no build. */
  buildId: string | null;
  at: number;
}

interface Heartbeat extends Poll {
  intervalMs: number;
  runs: boolean;
}

/** When workers of a queue last polled for each kind of task, and last said that they live. */
interface Signs {
  /** Of the kinds that were asked for. */
  polls: ReadonlyMap<TaskKind, Poll[]>;
  /** Null on a server that keeps none. */
  heartbeats: Heartbeat[] | null;
  /** Builds that new runs of the queue go to; null stands for workers that are of none. */
  routes: (string | null)[];
}

export interface WorkerQuestion {
  taskQueue: string;
  /** Of task that the queue has. */
  kinds: readonly TaskKind[];
  nowMs: number;
  until: number;
  /** Asks for workers of this build; without one for those that new runs go to. */
  buildId?: string | undefined;
  /**
   * A question that only a worker of the build can answer: false when nobody answered, null when nobody
   * could be asked.
   */
  probe?: (buildId: string | null) => Promise<boolean | null>;
}

/**
 * Whether a worker works for a queue: one of an earlier build does nothing for new runs. The last poll
 * of an idle worker may be a minute old, so one that is not plainly there is asked.
 * @throws NoAnswer, or the engine's own error.
 */
export async function findWorker(
  temporal: Client,
  { taskQueue, kinds, nowMs, until, buildId, probe = async () => null }: WorkerQuestion,
): Promise<WorkerPresence> {
  const signs = await readSigns(temporal, { taskQueue, kinds, until });
  const builds = buildId === undefined ? signs.routes : [buildId];
  const found = await Promise.all(
    builds.map((build) =>
      presenceOf(signsOf(signs, build), { kinds, nowMs, probe: () => probe(build) }),
    ),
  );
  return {
    missing: kinds.filter((kind) => found.some(({ missing }) => missing.includes(kind))),
    seenAt: Math.min(...found.map(({ seenAt }) => seenAt)),
    lastSignAt: Math.min(...found.map(({ lastSignAt }) => lastSignAt)),
    builds,
  };
}

function signsOf({ polls, heartbeats, routes }: Signs, build: string | null): Signs {
  const ofBuild = <T extends Poll>(signs: T[]) => signs.filter(({ buildId }) => buildId === build);
  return {
    polls: new Map([...polls].map(([kind, some]) => [kind, ofBuild(some)])),
    heartbeats: heartbeats && ofBuild(heartbeats),
    routes,
  };
}

async function presenceOf(
  signs: Signs,
  {
    kinds,
    nowMs,
    probe,
  }: { kinds: readonly TaskKind[]; nowMs: number; probe: () => Promise<boolean | null> },
): Promise<Omit<WorkerPresence, 'builds'>> {
  const heartbeats = signs.heartbeats ?? [];
  const gone = goodByes(heartbeats);
  const beats = heartbeats.filter(({ runs }) => runs);
  const latest = (kind: TaskKind) =>
    latestOf([...pollsOf(signs, kind).filter((poll) => !isOf(poll, gone)), ...beats]);
  const isSilent = (kind: TaskKind, ms: number) => nowMs - latest(kind) > ms;
  const seenAt = Math.max(...kinds.map(latest));
  const lastSignAt = Math.max(seenAt, ...gone.values());
  if (!kinds.some((kind) => isSilent(kind, SEEN_WITHIN_MS))) {
    return { missing: [], seenAt, lastSignAt };
  }
  const unasked = signs.heartbeats === null ? POLL_WITHIN_MS : beatWithin(beats);
  // A worker that lives has polled within a minute, whoever else has its identity.
  const patience = Math.max(POLL_WITHIN_MS, unasked);
  const mayLive = nowMs - latestOf([...pollsOf(signs, kinds[0]), ...heartbeats]) <= patience;
  const answer = mayLive && (await probe());
  const limit = answer === null ? unasked : answer ? patience : SEEN_WITHIN_MS;
  const missing = kinds.filter(
    (kind) => !(answer === true && kind === 'workflow') && isSilent(kind, limit),
  );
  return { missing, seenAt, lastSignAt };
}

function latestOf(signs: readonly { at: number }[]): number {
  return Math.max(0, ...signs.map(({ at }) => at));
}

/** One that died before its first heartbeat counts as dead after the same time as any other. */
function beatWithin(beats: readonly Heartbeat[]): number {
  return Math.max(BEAT_WITHIN_MS, ...beats.map(({ intervalMs }) => intervalMs * LATENESS));
}

/** Workers that said good-bye, with when. */
function goodByes(heartbeats: readonly Heartbeat[]): Map<string, number> {
  const gone = new Map<string, number>();
  for (const { identity, at, runs } of heartbeats) {
    if (!runs) gone.set(identity, Math.max(at, gone.get(identity) ?? 0));
  }
  return gone;
}

/** Workers of one process share an identity, so a poll after the good-bye is another one's. */
function isOf({ identity, at }: Poll, gone: ReadonlyMap<string, number>): boolean {
  const end = gone.get(identity);
  return end !== undefined && at <= end + LAST_POLL_MS;
}

async function readSigns(
  temporal: Client,
  { taskQueue, kinds, until }: { taskQueue: string; kinds: readonly TaskKind[]; until: number },
): Promise<Signs> {
  const readKind = async (kind: TaskKind) =>
    [kind, await readPolls(temporal, taskQueue, kind, until)] as const;
  const [polls, heartbeats] = await Promise.all([
    Promise.all(kinds.map(readKind)),
    readHeartbeats(temporal, taskQueue, until),
  ]);
  const [, first] = polls[0] ?? [];
  return {
    polls: new Map(polls.map(([kind, answer]) => [kind, answer.polls])),
    heartbeats,
    routes: first?.routes ?? [],
  };
}

function pollsOf({ polls }: Signs, kind: TaskKind | undefined): Poll[] {
  return (kind && polls.get(kind)) ?? [];
}

async function readPolls(
  temporal: Client,
  taskQueue: string,
  kind: TaskKind,
  until: number,
): Promise<{ polls: Poll[]; routes: Signs['routes'] }> {
  const { pollers, versioningInfo } = await askUntil(temporal, until, () =>
    temporal.workflowService.describeTaskQueue({
      namespace: temporal.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: TASK_QUEUE_TYPES[kind],
    }),
  );
  const ramping = versioningInfo?.rampingDeploymentVersion?.buildId;
  return {
    polls: (pollers ?? []).map(({ identity, lastAccessTime, deploymentOptions }) => ({
      identity: identity ?? '',
      buildId:
        deploymentOptions?.workerVersioningMode === VERSIONED
          ? (deploymentOptions.buildId ?? null)
          : null,
      at: msOf(lastAccessTime),
    })),
    routes: [
      versioningInfo?.currentDeploymentVersion?.buildId ?? null,
      ...(ramping ? [ramping] : []),
    ],
  };
}

async function readHeartbeats(
  temporal: Client,
  taskQueue: string,
  until: number,
): Promise<Heartbeat[] | null> {
  try {
    const { workersInfo } = await askUntil(temporal, until, () =>
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
              buildId: beat.deploymentVersion?.deploymentName
                ? (beat.deploymentVersion.buildId ?? null)
                : null,
              at: msOf(beat.heartbeatTime),
              intervalMs: msOf(beat.elapsedSinceLastHeartbeat),
              runs: beat.status === RUNNING,
            },
          ],
    );
  } catch (error) {
    if (isUnimplemented(error)) return null;
    throw error;
  }
}
