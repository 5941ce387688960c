import { findInTables } from '../db/audit/findings.ts';
import { listAuditRows } from '../db/audit/rows.ts';
import type { FindingCode } from '../domain/audit/finding-catalogue.ts';
import { itemWorkflowId } from '../domain/ids.ts';
import { ASK_AGAIN, leftOver, NO_TIME } from './ask-many.ts';
import { compareRuns } from './compare-runs.ts';
import {
  type EngineAnswer,
  type EngineDeps,
  type EngineQuestion,
  NOTHING,
  notAsked,
  type Sources,
  together,
} from './engine-answer.ts';
import { type Listing, listOpenRuns } from './open-runs.ts';
import { findOrphans, itemIdOf } from './orphan-runs.ts';
import { LOOKS, planLooks, rowsAfter } from './suspects.ts';
import { findAuditAbsence } from './watch/audit-absence.ts';
import { growingBacklogs } from './watch/backlogs.ts';
import { missingWorkers } from './workers/missing-workers.ts';

/** What is found about single runs, by looking at them. */
export const ABOUT_RUNS: readonly FindingCode[] = [
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
/** What the engine and the tables say when they are held against each other. */
export async function findInEngine(
  deps: EngineDeps,
  question: EngineQuestion,
): Promise<EngineAnswer> {
  const asked = (code: FindingCode) => question.codes.includes(code);
  const listing = listRuns(deps, question);
  const rows = openRows(deps, question);
  const parts = await Promise.all([
    asked('no_worker') && isAboutAll(question)
      ? missingWorkers(deps, question, { listing, rows })
      : NOTHING,
    ABOUT_RUNS.some(asked) ? troubledRuns(deps, question, { listing, rows }) : NOTHING,
    asked('run_without_row') ? orphans(deps, question, listing) : NOTHING,
    isAboutAll(question) && asked('backlog_growing') ? growingBacklogs(deps, question) : NOTHING,
    isAboutAll(question) && asked('audit_not_running') ? findAuditAbsence(deps, question) : NOTHING,
  ]);
  const { facts, couldNotAsk, unlooked } = together(parts);
  return {
    unlooked,
    facts: facts.filter(({ code }) => asked(code)),
    couldNotAsk: couldNotAsk.map((open) => ({ ...open, codes: open.codes.filter(asked) })),
  };
}

/** What is found about the whole deployment is about no item. */
function isAboutAll({ itemId }: EngineQuestion): boolean {
  return itemId === undefined;
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

async function troubledRuns(
  { db, temporal, memory }: EngineDeps,
  question: EngineQuestion,
  sources: Sources,
): Promise<EngineAnswer> {
  const { workspaceId, now, after, suspects = [] } = question;
  const [listed, rows] = await Promise.all([sources.listing, sources.rows]);
  if (listed.why !== null && listed.runs.length === 0) {
    return rows.length === 0
      ? NOTHING
      : {
          ...notAsked('the runs of the open items', listed.why, ABOUT_RUNS),
          unlooked: rows.map(({ itemId }) => itemId),
        };
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
    [...suspicions.map((fact) => fact.itemId), ...troubled, ...suspects].filter(
      (id) => id !== null,
    ),
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
  const looked = new Set(chosen.map(({ itemId }) => itemId));
  for (const { itemId } of open) looked.delete(itemId);
  const unlooked = rows.map(({ itemId }) => itemId).filter((id) => !looked.has(id));
  return { facts, couldNotAsk, unlooked };
}

async function orphans(
  deps: EngineDeps,
  { workspaceId, now }: EngineQuestion,
  listing: Promise<Listing>,
): Promise<EngineAnswer> {
  const { runs, why } = await listing;
  const codes: FindingCode[] = ['run_without_row'];
  const unlisted = why === null ? [] : notAsked('the open runs', why, codes).couldNotAsk;
  if (runs.length === 0) return { ...NOTHING, couldNotAsk: unlisted };
  const found = await findOrphans(deps, { workspaceId, now, runs });
  const left = leftOver(found.left, {
    what: `${found.left} open runs without a row`,
    why: found.why ?? NO_TIME,
    codes,
  });
  return { ...NOTHING, facts: found.facts, couldNotAsk: [...unlisted, ...left] };
}
