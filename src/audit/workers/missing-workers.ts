import { findingId } from '../../domain/audit/finding.ts';
import { queueName, TASK_QUEUES } from '../../domain/task-queues.ts';
import { ASK_MS, whyNot } from '../../engine/ask.ts';
import { kindsOf, RUN_KINDS, type TaskKind } from '../../engine/workers.ts';
import {
  type EngineAnswer,
  type EngineDeps,
  type EngineQuestion,
  NOTHING,
  notAsked,
  type Sources,
  together,
} from '../engine-answer.ts';
import type { Listing, RunEntry } from '../open-runs.ts';
import { itemIdOf } from '../orphan-runs.ts';
import { findAbsence, probeRun } from './worker-absence.ts';

/** Runs asked whether a worker answers: one alone may be unable to for reasons of its own. */
const PROBES = 3;
/** Task queues beside our own that one call asks about. */
const OTHER_QUEUES = 10;
/** Earlier builds that one call asks about. */
const EARLIER_BUILDS = 10;

/**
 * Of our own queues at once; of the other queues that runs of the workspace wait on, and of the earlier
 * builds that they are bound to, once they are listed. Without a worker for the runs nothing comes to
 * the queues of their activities.
 */
export async function missingWorkers(
  deps: EngineDeps,
  { now }: EngineQuestion,
  { listing, rows }: Sources,
): Promise<EngineAnswer> {
  const asking = missingOwn(deps, { now, listing });
  const [listed, open] = await Promise.all([listing, rows]);
  const items = new Set<string | null>(open.map(({ itemId }) => itemId));
  const runs = listed.runs.filter((run) => items.has(itemIdOf(run)));
  const queues = new Set(runs.map(({ taskQueue }) => taskQueue));
  queues.delete(deps.taskQueue);
  const others = [...queues]
    .slice(0, OTHER_QUEUES)
    .map((taskQueue) => missingWorker(deps, { taskQueue, kinds: RUN_KINDS, now, listing }));
  const { builds, ...own } = await asking;
  // Without an answer about the queue, none about its builds is to be had.
  const bound = builds === null ? [] : runs.filter(isBoundElsewhere(deps.taskQueue, builds));
  const earlier = [...new Set(bound.map(({ buildId }) => buildId ?? ''))]
    .slice(0, EARLIER_BUILDS)
    .map((buildId) =>
      missingWorker(deps, {
        taskQueue: deps.taskQueue,
        kinds: RUN_KINDS,
        now,
        listing,
        buildId,
      }),
    );
  return together([own, ...(await Promise.all([...others, ...earlier]))]);
}

function isBoundElsewhere(queue: string, builds: readonly (string | null)[]) {
  return ({ taskQueue, buildId }: RunEntry) =>
    taskQueue === queue && buildId !== null && !builds.includes(buildId);
}

interface WorkerAnswer extends EngineAnswer {
  /** Builds that new runs go to; null when nobody could say. */
  builds: (string | null)[] | null;
}

/** The same of our own queues alone, without a question to any run. */
export async function missingOwnWorkers(deps: EngineDeps, now: string): Promise<EngineAnswer> {
  const listing = Promise.resolve({ runs: [], why: null });
  return missingOwn(deps, { now, listing });
}

async function missingOwn(
  deps: EngineDeps,
  question: { now: string; listing: Promise<Listing> },
): Promise<WorkerAnswer> {
  const [items, ...others] = await Promise.all(
    TASK_QUEUES.map((queue) =>
      missingWorker(deps, {
        taskQueue: queueName(deps.taskQueue, queue),
        kinds: kindsOf(queue),
        ...question,
      }),
    ),
  );
  if (items === undefined) return { ...NOTHING, builds: null };
  return items.facts.length > 0 ? items : { ...together([items, ...others]), builds: items.builds };
}

async function missingWorker(
  { temporal, memory }: EngineDeps,
  {
    taskQueue,
    kinds,
    buildId,
    now,
    listing,
  }: {
    taskQueue: string;
    kinds: readonly TaskKind[];
    buildId?: string;
    now: string;
    listing: Promise<Listing>;
  },
): Promise<WorkerAnswer> {
  const until = Date.now() + ASK_MS;
  const probe = async (build: string | null) => {
    const { runs } = await listing;
    const asked = runs.filter(
      (run) => run.taskQueue === taskQueue && run.buildId === build && !run.hasProblems,
    );
    const answers = await Promise.all(
      asked
        .slice(0, PROBES)
        .map(({ workflowId }) => probeRun(temporal, workflowId, Date.now() + ASK_MS)),
    );
    if (answers.includes(true)) return true;
    return answers.includes(false) ? false : null;
  };
  const of = buildId === undefined ? {} : { buildId };
  try {
    const question = { taskQueue, kinds, ...of, now, until, probe };
    const { builds, absence } = await memory.absences.get(`${taskQueue} ${buildId ?? ''}`, () =>
      findAbsence({ temporal, memory }, question),
    );
    if (absence === null) return { ...NOTHING, builds };
    const { since, lastSeenAt, kinds: missing } = absence;
    const evidence = { taskQueue, ...of, lastSeenAt, kinds: missing };
    const id = findingId('no_worker', [taskQueue, ...Object.values(of)].join(':'));
    const fact = { id, code: 'no_worker' as const, itemId: null, since, evidence };
    return { ...NOTHING, facts: [fact], builds };
  } catch (error) {
    const build = buildId === undefined ? '' : `the build ${buildId} on `;
    const what = `the workers of ${build}the task queue ${taskQueue}`;
    return { ...notAsked(what, whyNot(error), ['no_worker']), builds: null };
  }
}
