import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Observation } from '../db/audit/findings.ts';
import { type AuditRow, listAuditRows } from '../db/audit/rows.ts';
import type { Db } from '../db/client.ts';
import { readEventsAfter } from '../db/item/item-events.ts';
import { findingId } from '../domain/audit/finding.ts';
import type { FindingCode } from '../domain/audit/finding-catalogue.ts';
import { itemWorkflowId } from '../domain/ids.ts';
import { type Divergence, divergenceOf } from '../domain/item/divergence.ts';
import { type Answers, askMany } from './ask-many.ts';
import type { AuditMemory } from './audit-memory.ts';
import { type RunHead, readHead } from './run-history.ts';
import { limitsNear, type RunSize } from './run-limits.ts';
import { type RunStatus, readRunStatus, type Trouble } from './run-status.ts';

const PARALLEL = 8;
const LOOK_MS = 2_000;
/** A row may be a moment behind its run, or ahead of what was read of it: both are looked at again. */
const LOOK_AGAIN_AFTER_MS = 500;

/** Differences between two stores: true only when a second look sees them too. */
const FLEETING: readonly FindingCode[] = [
  'row_without_run',
  'run_ahead_of_row',
  'row_ahead_of_run',
  'row_diverged',
];

/** What is wrong with the runs of these rows; what differs between a row and its run is seen twice. */
export async function compareRuns(
  { db, temporal, memory }: { db: Db; temporal: Client; memory: AuditMemory },
  { workspaceId, rows }: { workspaceId: string; rows: readonly AuditRow[] },
): Promise<{ facts: Observation[]; open: AuditRow[]; why: string | null }> {
  const first = await lookAll({ db, temporal }, workspaceId, rows);
  for (const { row } of first.answers) {
    memory.compared.delete(row.itemId);
    memory.compared.set(row.itemId, Date.now());
  }
  const doubtful = first.answers.filter(({ facts }) => facts.some(isFleeting));
  const certain = first.answers.flatMap(({ facts }) => facts.filter((fact) => !isFleeting(fact)));
  if (doubtful.length === 0) return { facts: certain, open: first.open, why: first.why };
  await delay(LOOK_AGAIN_AFTER_MS);
  const itemIds = doubtful.map(({ row }) => row.itemId);
  const rowsAgain = await listAuditRows(db, { workspaceId, itemIds });
  const second = await lookAll({ db, temporal }, workspaceId, rowsAgain);
  const seenAgain = new Map(
    second.answers.flatMap(({ facts }) => facts.map((one) => [one.id, one])),
  );
  const confirmed = doubtful.flatMap(({ facts }) =>
    facts.filter((fact) => isFleeting(fact) && stands(fact, seenAgain.get(fact.id))),
  );
  return {
    facts: [...certain, ...confirmed],
    open: [...first.open, ...second.open],
    why: first.why ?? second.why,
  };
}

function isFleeting({ code }: Observation): boolean {
  return FLEETING.includes(code);
}

/** At both looks, and whoever was behind has not come to where the other was at the first. */
function stands({ code, evidence }: Observation, again: Observation | undefined): boolean {
  if (again === undefined) return false;
  const reached = (behind: string, ahead: string) =>
    Number(again.evidence[behind]) >= Number(evidence[ahead]);
  if (code === 'run_ahead_of_row') return !reached('rowSeq', 'runSeq');
  return code !== 'row_ahead_of_run' || !reached('runSeq', 'rowSeq');
}

interface Look {
  row: AuditRow;
  facts: Observation[];
}

function lookAll(
  { db, temporal }: { db: Db; temporal: Client },
  workspaceId: string,
  rows: readonly AuditRow[],
): Promise<Answers<AuditRow, Look>> {
  const until = Date.now() + LOOK_MS;
  return askMany(rows, { parallel: PARALLEL, until }, async (row) => {
    const workflowId = itemWorkflowId(row.itemId);
    const run = await readRunStatus(temporal, { workflowId }, until);
    if (run.state !== 'open') return { row, facts: row.isStarting ? [] : [withoutRun(row, run)] };
    const { runId, troubles, isRecording } = run;
    const facts = troubles.map((trouble) => troubleOf(row, trouble));
    const head = await readHead(temporal, { workflowId, runId }, until, row.seq);
    facts.push(...nearLimit(row, { ...run, stateBytes: head?.stateBytes ?? null }));
    if (head === null || row.isStarting) return { row, facts };
    const divergence = await divergenceOfRun(db, { workspaceId, ...row }, head);
    // What is on its way to the tables need not be there yet.
    const isOnItsWay = head.seq > row.seq && (isRecording || row.isAwaited);
    if (divergence !== null) facts.push(diverged(row, divergence));
    else if (head.seq !== row.seq && !isOnItsWay) facts.push(apart(row, head.seq));
    return { row, facts };
  });
}

/** A row that is further than its run may still be of its chain: it has an event where the run ends. */
async function divergenceOfRun(
  db: Db,
  row: AuditRow & { workspaceId: string },
  { seq, hash, hashes }: RunHead,
): Promise<Divergence | null> {
  if (hash === null) return null;
  if (row.seq <= seq) return divergenceOf(row, { seq, hash }, hashes);
  const [stored] = await readEventsAfter(db, { ...row, afterSeq: seq - 1, limit: 1 });
  if (stored === undefined || stored.seq !== seq || stored.hash === hash) return null;
  const { seq: rowSeq, headHash: rowHash } = row;
  return { rowSeq, rowHash, runSeq: seq, runHash: hash, runHashAtRow: null };
}

function fact(
  row: AuditRow,
  code: FindingCode,
  evidence: Record<string, unknown>,
  subject: string = row.itemId,
): Observation {
  const { itemId, updatedAt: since } = row;
  return { id: findingId(code, subject), code, itemId, since, evidence };
}

function withoutRun(row: AuditRow, run: Exclude<RunStatus, { state: 'open' }>): Observation {
  const end =
    run.state === 'closed'
      ? { run: run.status, runId: run.runId, runClosedAt: run.closedAt }
      : { run: run.state };
  return fact(row, 'row_without_run', { ...end, rowSeq: row.seq, reportedAt: row.updatedAt });
}

function apart(row: AuditRow, runSeq: number): Observation {
  const code = runSeq > row.seq ? 'run_ahead_of_row' : 'row_ahead_of_run';
  return fact(row, code, { rowSeq: row.seq, runSeq, reportedAt: row.updatedAt });
}

/** The engine's own history holds another hash for the same event: one of the two was written anew. */
function diverged(row: AuditRow, divergence: Divergence): Observation {
  return fact(row, 'row_diverged', { ...divergence, reportedAt: row.updatedAt });
}

function nearLimit(row: AuditRow, size: RunSize): Observation[] {
  const near = limitsNear(size);
  const { historyEvents, historyBytes, stateBytes } = size;
  const evidence = { near, historyEvents, historyBytes, stateBytes, reportedAt: row.updatedAt };
  return near.length === 0 ? [] : [fact(row, 'run_near_limit', evidence)];
}

function troubleOf(row: AuditRow, { code, evidence }: Trouble): Observation {
  const subject = [evidence['workflowId'], evidence['activity']].filter(Boolean).join(':');
  return fact(row, code, { ...evidence, reportedAt: row.updatedAt }, subject);
}
