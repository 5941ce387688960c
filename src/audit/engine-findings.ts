import type { Client } from '@temporalio/client';
import { type FindingPosition, findInTables, type Observation } from '../db/audit/findings.ts';
import { type AuditRow, listAuditRows } from '../db/audit/rows.ts';
import type { Db } from '../db/client.ts';
import { type CouldNotAsk, findingId } from '../domain/audit/finding.ts';
import type { FindingCode } from '../domain/audit/finding-catalogue.ts';
import { itemWorkflowId } from '../domain/ids.ts';
import { ASK_MS, whyNot } from '../engine/ask.ts';
import { ASK_AGAIN, leftOver, NO_TIME } from './ask-many.ts';
import type { AuditMemory } from './audit-memory.ts';
import { compareRuns } from './compare-runs.ts';
import { type Listing, listOpenRuns, type RunEntry } from './open-runs.ts';
import { findOrphans, itemIdOf } from './orphan-runs.ts';
import { LOOKS, planLooks, rowsAfter } from './suspects.ts';
import { findAbsence, probeRun } from './worker-absence.ts';

export interface EngineDeps {
  db: Db;
  temporal: Client;
  taskQueue: string;
  memory: AuditMemory;
}

export interface EngineQuestion {
  workspaceId: string;
  /** ISO instant, real time. */
  now: string;
  codes: readonly FindingCode[];
  itemId?: string | undefined;
  after?: FindingPosition | undefined;
}

export interface EngineAnswer {
  facts: Observation[];
  couldNotAsk: CouldNotAsk[];
}

/** What is found about single runs, by looking at them. */
const ABOUT_RUNS: readonly FindingCode[] = [
  'row_without_run',
  'run_ahead_of_row',
  'row_ahead_of_run',
  'chain_broken',
  'activity_failing',
  'workflow_task_failing',
  'run_near_limit',
];

/** Findings of the tables that make the run behind them suspicious. */
const SUSPICIOUS = [
  'command_without_verdict',
  'event_gap',
  'publication_late',
  'timer_overdue',
  'review_undecided',
] as const;
/** Runs asked whether a worker answers: one alone may be unable to for reasons of its own. */
const PROBES = 3;
/** Task queues beside our own that one call asks about. */
const OTHER_QUEUES = 10;
/** Earlier builds that one call asks about. */
const EARLIER_BUILDS = 10;

/** What the engine and the tables say when they are held against each other. */
export async function findInEngine(
  deps: EngineDeps,
  question: EngineQuestion,
): Promise<EngineAnswer> {
  const asked = (code: FindingCode) => question.codes.includes(code);
  const listing = listRuns(deps, question);
  const rows = openRows(deps, question);
  const parts = await Promise.all([
    asked('no_worker') && question.itemId === undefined
      ? missingWorkers(deps, question, { listing, rows })
      : NOTHING,
    ABOUT_RUNS.some(asked) ? troubledRuns(deps, question, { listing, rows }) : NOTHING,
    asked('run_without_row') ? orphans(deps, question, listing) : NOTHING,
  ]);
  const { facts, couldNotAsk } = together(parts);
  return {
    facts: facts.filter(({ code }) => asked(code)),
    couldNotAsk: couldNotAsk.map((open) => ({ ...open, codes: open.codes.filter(asked) })),
  };
}

function together(answers: readonly EngineAnswer[]): EngineAnswer {
  return {
    facts: answers.flatMap(({ facts }) => facts),
    couldNotAsk: answers.flatMap(({ couldNotAsk }) => couldNotAsk),
  };
}

const NOTHING: EngineAnswer = { facts: [], couldNotAsk: [] };

interface Sources {
  listing: Promise<Listing>;
  rows: Promise<AuditRow[]>;
}

function openRows({ db }: EngineDeps, { workspaceId, itemId }: EngineQuestion) {
  const itemIds = itemId === undefined ? undefined : [itemId];
  return listAuditRows(db, { workspaceId, itemIds });
}

/** The engine's index; of one item none is needed. */
function listRuns({ temporal, memory }: EngineDeps, { itemId, now }: EngineQuestion) {
  if (itemId === undefined) return listOpenRuns(temporal, memory);
  const workflowId = itemWorkflowId(itemId);
  const run = {
    workflowId,
    runId: '',
    startedAt: now,
    taskQueue: '',
    buildId: null,
    hasProblems: false,
  };
  return Promise.resolve({ runs: [run], why: null });
}

/**
 * Of our own queue at once; of the other queues that runs of the workspace wait on, and of the earlier
 * builds that they are bound to, once they are listed.
 */
async function missingWorkers(
  deps: EngineDeps,
  { now }: EngineQuestion,
  { listing, rows }: Sources,
): Promise<EngineAnswer> {
  const asking = missingWorker(deps, { taskQueue: deps.taskQueue, now, listing });
  const [listed, open] = await Promise.all([listing, rows]);
  const items = new Set<string | null>(open.map(({ itemId }) => itemId));
  const runs = listed.runs.filter((run) => items.has(itemIdOf(run)));
  const queues = new Set(runs.map(({ taskQueue }) => taskQueue));
  queues.delete(deps.taskQueue);
  const others = [...queues]
    .slice(0, OTHER_QUEUES)
    .map((taskQueue) => missingWorker(deps, { taskQueue, now, listing }));
  const { builds, ...own } = await asking;
  // Without an answer about the queue, none about its builds is to be had.
  const bound = builds === null ? [] : runs.filter(isBoundElsewhere(deps.taskQueue, builds));
  const earlier = [...new Set(bound.map(({ buildId }) => buildId ?? ''))]
    .slice(0, EARLIER_BUILDS)
    .map((buildId) => missingWorker(deps, { taskQueue: deps.taskQueue, now, listing, buildId }));
  return together([own, ...(await Promise.all([...others, ...earlier]))]);
}

function isBoundElsewhere(queue: string, builds: readonly (string | null)[]) {
  return ({ taskQueue, buildId }: RunEntry) =>
    taskQueue === queue && buildId !== null && !builds.includes(buildId);
}

async function missingWorker(
  { temporal, memory }: EngineDeps,
  {
    taskQueue,
    buildId,
    now,
    listing,
  }: { taskQueue: string; buildId?: string; now: string; listing: Promise<Listing> },
): Promise<EngineAnswer & { builds: (string | null)[] | null }> {
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
    const question = { taskQueue, ...of, now, until, probe };
    const { builds, absence } = await findAbsence({ temporal, memory }, question);
    if (absence === null) return { ...NOTHING, builds };
    const { since, lastSeenAt, kinds } = absence;
    const evidence = { taskQueue, ...of, lastSeenAt, kinds };
    const id = findingId('no_worker', [taskQueue, ...Object.values(of)].join(':'));
    const fact = { id, code: 'no_worker' as const, itemId: null, since, evidence };
    return { facts: [fact], couldNotAsk: [], builds };
  } catch (error) {
    const build = buildId === undefined ? '' : `the build ${buildId} on `;
    const what = `the workers of ${build}the task queue ${taskQueue}`;
    return { ...notAsked(what, whyNot(error), ['no_worker']), builds: null };
  }
}

async function troubledRuns(
  { db, temporal, memory }: EngineDeps,
  question: EngineQuestion,
  sources: Sources,
): Promise<EngineAnswer> {
  const { workspaceId, now, after } = question;
  const [listed, rows] = await Promise.all([sources.listing, sources.rows]);
  if (listed.why !== null && listed.runs.length === 0) {
    return rows.length === 0
      ? NOTHING
      : notAsked('the runs of the open items', listed.why, ABOUT_RUNS);
  }
  // Where there is room for all, none has to be chosen.
  const suspicions =
    rows.length > LOOKS
      ? await findInTables(db, { workspaceId, now, codes: SUSPICIOUS, limit: LOOKS })
      : [];
  const known = new Set(listed.runs.map(itemIdOf));
  const missing = listed.why === null ? rows.filter((row) => !known.has(row.itemId)) : [];
  const troubled = listed.runs.filter((run) => run.hasProblems).map(itemIdOf);
  const suspected = new Set(
    [...suspicions.map((fact) => fact.itemId), ...troubled].filter((id) => id !== null),
  );
  const { chosen, suspectsLeft, othersLeft } = planLooks(rows, {
    missing: rowsAfter(missing, after),
    suspected,
    memory,
    nowMs: Date.now(),
  });
  const { facts, open, why } = await compareRuns(
    { db, temporal, memory },
    { workspaceId, rows: chosen },
  );
  const left = suspectsLeft.length + open.length;
  const gap = { why: why ?? ASK_AGAIN, codes: [...ABOUT_RUNS] };
  const couldNotAsk = [
    ...leftOver(left, { ...gap, what: `the runs of ${left} items, some of them suspicious` }),
    ...leftOver(othersLeft, {
      ...gap,
      what: `whether ${othersLeft} rows stand where their runs do`,
    }),
  ];
  return { facts, couldNotAsk };
}

async function orphans(
  deps: EngineDeps,
  { workspaceId, now }: EngineQuestion,
  listing: Promise<Listing>,
): Promise<EngineAnswer> {
  const { runs, why } = await listing;
  const codes: FindingCode[] = ['run_without_row'];
  const unlisted = why === null ? [] : notAsked('the open runs', why, codes).couldNotAsk;
  if (runs.length === 0) return { facts: [], couldNotAsk: unlisted };
  const found = await findOrphans(deps, { workspaceId, now, runs });
  const left = leftOver(found.left, {
    what: `${found.left} open runs without a row`,
    why: found.why ?? NO_TIME,
    codes,
  });
  return { facts: found.facts, couldNotAsk: [...unlisted, ...left] };
}

function notAsked(what: string, why: string, codes: readonly FindingCode[]): EngineAnswer {
  return { facts: [], couldNotAsk: [{ what, why, codes: [...codes] }] };
}
