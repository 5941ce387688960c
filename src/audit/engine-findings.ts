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
import { type Listing, listOpenRuns } from './open-runs.ts';
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
  'row_diverged',
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
  const run = { workflowId, runId: '', startedAt: now, taskQueue: '', hasProblems: false };
  return Promise.resolve({ runs: [run], why: null });
}

/** Of our own queue at once; of the other queues that runs of the workspace wait on once they are listed. */
async function missingWorkers(
  deps: EngineDeps,
  { now }: EngineQuestion,
  { listing, rows }: Sources,
): Promise<EngineAnswer> {
  const own = missingWorker(deps, { taskQueue: deps.taskQueue, now, listing });
  const [listed, open] = await Promise.all([listing, rows]);
  const items = new Set<string | null>(open.map(({ itemId }) => itemId));
  const queues = new Set(
    listed.runs.filter((run) => items.has(itemIdOf(run))).map(({ taskQueue }) => taskQueue),
  );
  queues.delete(deps.taskQueue);
  const others = [...queues]
    .slice(0, OTHER_QUEUES)
    .map((taskQueue) => missingWorker(deps, { taskQueue, now, listing }));
  return together(await Promise.all([own, ...others]));
}

async function missingWorker(
  { temporal, memory }: EngineDeps,
  { taskQueue, now, listing }: { taskQueue: string; now: string; listing: Promise<Listing> },
): Promise<EngineAnswer> {
  const until = Date.now() + ASK_MS;
  const probe = async () => {
    const { runs } = await listing;
    const asked = runs.filter((run) => run.taskQueue === taskQueue && !run.hasProblems);
    const answers = await Promise.all(
      asked
        .slice(0, PROBES)
        .map(({ workflowId }) => probeRun(temporal, workflowId, Date.now() + ASK_MS)),
    );
    if (answers.includes(true)) return true;
    return answers.includes(false) ? false : null;
  };
  try {
    const absence = await findAbsence({ temporal, memory }, { taskQueue, now, until, probe });
    if (absence === null) return NOTHING;
    const { since, lastSeenAt, kinds } = absence;
    const evidence = { taskQueue, lastSeenAt, kinds };
    const id = findingId('no_worker', taskQueue);
    return { facts: [{ id, code: 'no_worker', itemId: null, since, evidence }], couldNotAsk: [] };
  } catch (error) {
    return notAsked(`the workers of the task queue ${taskQueue}`, whyNot(error), ['no_worker']);
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
