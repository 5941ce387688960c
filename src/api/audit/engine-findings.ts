import type { Client } from '@temporalio/client';
import { type FindingPosition, type FoundFact, findInTables } from '../../db/audit-findings.ts';
import { type AuditedRow, listAuditedRows } from '../../db/audit-rows.ts';
import type { Db } from '../../db/client.ts';
import { type CouldNotAsk, findingId } from '../../domain/finding.ts';
import { FINDING_CODES, type FindingCode, kindOf } from '../../domain/finding-catalogue.ts';
import { itemWorkflowId } from '../../domain/ids.ts';
import { ASK_MS, whyNot } from './ask-engine.ts';
import type { AuditMemory } from './audit-memory.ts';
import { compareRuns } from './compare-runs.ts';
import { type ListedRun, listOpenRuns } from './open-runs.ts';
import { findOrphans, itemIdOf } from './orphan-runs.ts';
import { planLooks, rowsAfter } from './suspects.ts';
import { probeRun, seeWorker } from './worker-sight.ts';

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
  facts: FoundFact[];
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
];

/** Findings of the tables that make the run behind them suspicious. */
const SUSPICIOUS = [
  'command_without_verdict',
  'event_gap',
  'publication_late',
  'timer_overdue',
  'review_undecided',
] as const;
const SUSPECTS = 200;
/** Task queues asked about in one call. */
const QUEUES = 10;

/** Codes that only the engine can answer. */
export const ENGINE_CODES = FINDING_CODES.filter((code) => kindOf(code).source === 'engine');

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
  const facts = parts.flatMap((part) => part.facts).filter(({ code }) => asked(code));
  const couldNotAsk = parts
    .flatMap((part) => part.couldNotAsk)
    .map((open) => ({ ...open, codes: open.codes.filter(asked) }));
  return { facts, couldNotAsk };
}

const NOTHING: EngineAnswer = { facts: [], couldNotAsk: [] };

interface Sources {
  listing: Promise<Listing>;
  rows: Promise<AuditedRow[]>;
}

type Listing = { runs: ListedRun[]; complete: boolean; why: string | null };

function openRows({ db }: EngineDeps, { workspaceId, itemId }: EngineQuestion) {
  const itemIds = itemId === undefined ? undefined : [itemId];
  return listAuditedRows(db, { workspaceId, itemIds });
}

/** The engine's index, or why it could not be read. Of one item no index is needed. */
async function listRuns(
  { temporal }: EngineDeps,
  { itemId, now }: EngineQuestion,
): Promise<Listing> {
  if (itemId !== undefined) {
    const workflowId = itemWorkflowId(itemId);
    const run = { workflowId, runId: '', startedAt: now, taskQueue: '', hasProblems: false };
    return { runs: [run], complete: true, why: null };
  }
  try {
    const { runs, complete } = await listOpenRuns(temporal, Date.now() + ASK_MS);
    return { runs, complete, why: complete ? null : 'there are more than one answer can list' };
  } catch (error) {
    return { runs: [], complete: false, why: whyNot(error) };
  }
}

async function missingWorkers(
  { temporal, taskQueue, memory }: EngineDeps,
  { now }: EngineQuestion,
  sources: Sources,
): Promise<EngineAnswer> {
  const queues = new Set([taskQueue]);
  const [listed, rows] = await Promise.all([sources.listing, sources.rows]);
  const own = new Set<string | null>(rows.map(({ itemId }) => itemId));
  for (const run of listed.runs) {
    if (queues.size < QUEUES && own.has(itemIdOf(run))) queues.add(run.taskQueue);
  }
  const until = Date.now() + ASK_MS;
  const sights = await Promise.all(
    [...queues].map(async (queue): Promise<EngineAnswer> => {
      const asked = listed.runs.find((run) => run.taskQueue === queue && !run.hasProblems);
      const probe = () =>
        asked === undefined
          ? Promise.resolve(null)
          : probeRun(temporal, asked.workflowId, Date.now() + ASK_MS);
      try {
        const sight = await seeWorker(
          { temporal, memory },
          { taskQueue: queue, now, until, probe },
        );
        if (sight.present) return NOTHING;
        const { since, lastSeenAt, kinds } = sight;
        const evidence = { taskQueue: queue, lastSeenAt, kinds };
        const id = findingId('no_worker', queue);
        return {
          facts: [{ id, code: 'no_worker', itemId: null, since, evidence }],
          couldNotAsk: [],
        };
      } catch (error) {
        return notAsked(`the workers of the task queue ${queue}`, whyNot(error), ['no_worker']);
      }
    }),
  );
  return {
    facts: sights.flatMap(({ facts }) => facts),
    couldNotAsk: sights.flatMap(({ couldNotAsk }) => couldNotAsk),
  };
}

async function troubledRuns(
  { db, temporal, memory }: EngineDeps,
  question: EngineQuestion,
  sources: Sources,
): Promise<EngineAnswer> {
  const { workspaceId, now, itemId, after } = question;
  const [listed, rows, suspicions] = await Promise.all([
    sources.listing,
    sources.rows,
    findInTables(db, { workspaceId, now, itemId, codes: SUSPICIOUS, limit: SUSPECTS }),
  ]);
  if (listed.why !== null && listed.runs.length === 0) {
    return rows.length === 0
      ? NOTHING
      : notAsked('the runs of the open items', listed.why, ABOUT_RUNS);
  }
  const known = new Set(listed.runs.map(itemIdOf));
  const missing = listed.complete ? rows.filter((row) => !known.has(row.itemId)) : [];
  const troubled = listed.runs.filter((run) => run.hasProblems).map(itemIdOf);
  const suspected = new Set(
    [...suspicions.map((fact) => fact.itemId), ...troubled].filter((id) => id !== null),
  );
  const { looked, suspectsLeft, othersLeft } = planLooks(rows, {
    missing: rowsAfter(missing, after),
    suspected,
    memory,
    nowMs: Date.now(),
  });
  const { facts, open, why } = await compareRuns(
    { db, temporal, memory },
    { workspaceId, rows: looked },
  );
  const left = suspectsLeft.length + open.length;
  const couldNotAsk = [
    ...(left === 0 ? [] : leftOver(`the runs of ${left} items, some of them suspicious`, why)),
    ...(othersLeft === 0
      ? []
      : leftOver(`whether ${othersLeft} rows stand where their runs do`, why)),
  ];
  return { facts, couldNotAsk };
}

function leftOver(what: string, why: string | null): CouldNotAsk[] {
  const reason = why ?? 'one answer looks at a limited number of runs: ask again, and it goes on';
  return notAsked(what, reason, ABOUT_RUNS).couldNotAsk;
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
  const reason = found.why ?? 'one answer looks at a limited number of runs';
  const left =
    found.left === 0
      ? []
      : notAsked(`${found.left} open runs without a row`, reason, codes).couldNotAsk;
  return { facts: found.facts, couldNotAsk: [...unlisted, ...left] };
}

function notAsked(what: string, why: string, codes: readonly FindingCode[]): EngineAnswer {
  return { facts: [], couldNotAsk: [{ what, why, codes: [...codes] }] };
}
