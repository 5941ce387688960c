import type { Client } from '@temporalio/client';
import type { Observation } from '../db/audit/findings.ts';
import { locateRows, type RowLocation } from '../db/audit/rows.ts';
import type { Db } from '../db/client.ts';
import { getWorkspace } from '../db/workspace/workspaces.ts';
import { inWorkspace } from '../db/workspace-scope.ts';
import { findingId } from '../domain/audit/finding.ts';
import { askMany } from './ask-many.ts';
import { type AuditMemory, keepAtMost } from './audit-memory.ts';
import type { RunEntry } from './open-runs.ts';
import { readInput } from './run-history.ts';
import { type OpenRun, readRunStatus } from './run-status.ts';

const ITEM_RUN = /^item:(.+)$/;
const PARALLEL = 8;
/** Runs without a row that one call looks at. */
const LOOKS = 100;
const LOOK_MS = 2_000;
/** A run ends a moment after its row says closed. */
const ENDS_WITHIN_MS = 60_000;
/** Ids asked of the database at a time. */
const BATCH = 5_000;
const REMEMBERED = 10_000;

/** The item that a run is for, by its id. */
export function itemIdOf(run: Pick<RunEntry, 'workflowId'>): string | null {
  return ITEM_RUN.exec(run.workflowId)?.[1] ?? null;
}

export interface OrphanDeps {
  db: Db;
  temporal: Client;
  /** The task queue of this installation. */
  taskQueue: string;
  memory: AuditMemory;
}

/**
 * Open runs whose item has no row, or a closed one. A run of our task queue that names no workspace we
 * have belongs to nobody, so every workspace is told of it; one of another queue belongs to another
 * installation. Of another workspace's run nothing is said.
 */
export async function findOrphans(
  deps: OrphanDeps,
  { workspaceId, now, runs }: { workspaceId: string; now: string; runs: readonly RunEntry[] },
): Promise<{ facts: Observation[]; left: number; why: string | null }> {
  const { db, temporal, taskQueue, memory } = deps;
  const isOurs = (owner: string | null, queue: string) =>
    owner === workspaceId || (owner === null && (queue === taskQueue || queue === ''));
  const located = await locate(db, runs);
  const suspects = runs.filter((run) => {
    const row = located.get(itemIdOf(run) ?? '');
    if (row !== undefined) return isEnded(row, { workspaceId, now });
    const owner = memory.orphans.get(run.runId);
    return owner === undefined || isOurs(owner, run.taskQueue);
  });
  const until = Date.now() + LOOK_MS;
  const seen = await askMany(
    suspects.slice(0, LOOKS),
    { parallel: PARALLEL, until },
    async (run) => {
      const { workflowId } = run;
      const latest = await readRunStatus(temporal, { workflowId }, until);
      if (latest.state !== 'open') return null;
      const rows = await locate(db, [run]);
      const row = rows.get(itemIdOf(run) ?? '') ?? null;
      if (row !== null && !isEnded(row, { workspaceId, now })) return null;
      if (row !== null) return factOf(run, latest, row);
      const owner = await ownerOf(deps, { workflowId, runId: latest.runId }, until);
      return isOurs(owner, latest.taskQueue) ? factOf(run, latest, null) : null;
    },
  );
  keepAtMost(memory.orphans, REMEMBERED);
  return {
    facts: seen.answers.filter((fact) => fact !== null),
    left: Math.max(0, suspects.length - LOOKS) + seen.open.length,
    why: seen.why,
  };
}

async function locate(db: Db, runs: readonly RunEntry[]): Promise<Map<string, RowLocation>> {
  const itemIds = runs.map(itemIdOf).filter((id) => id !== null);
  const located = new Map<string, RowLocation>();
  for (let from = 0; from < itemIds.length; from += BATCH) {
    const rows = await locateRows(db, itemIds.slice(from, from + BATCH));
    for (const row of rows) located.set(row.itemId, row);
  }
  return located;
}

function isEnded(
  { workspaceId, closedAt, updatedAt }: RowLocation,
  asked: { workspaceId: string; now: string },
): boolean {
  return (
    workspaceId === asked.workspaceId &&
    closedAt !== null &&
    Date.parse(asked.now) - Date.parse(updatedAt) > ENDS_WITHIN_MS
  );
}

/** The workspace that the run's input names, if there is one. */
async function ownerOf(
  { db, temporal, memory }: OrphanDeps,
  run: { workflowId: string; runId: string },
  until: number,
): Promise<string | null> {
  const known = memory.orphans.get(run.runId);
  if (known !== undefined) return known;
  const named: unknown = (await readInput(temporal, run, until))?.item?.workspaceId;
  const workspace =
    typeof named === 'string' && !named.includes('\0')
      ? await inWorkspace({ workspaceId: named }, () => getWorkspace(db, { workspaceId: named }))
      : null;
  const owner = workspace?.id ?? null;
  memory.orphans.set(run.runId, owner);
  return owner;
}

function factOf(run: RunEntry, latest: OpenRun, row: RowLocation | null): Observation {
  const { workflowId } = run;
  const { runId, taskQueue } = latest;
  const startedAt = latest.startedAt ?? run.startedAt;
  return {
    id: findingId('run_without_row', `${workflowId}:${runId}`),
    code: 'run_without_row',
    itemId: itemIdOf(run),
    since: startedAt,
    evidence: { workflowId, runId, startedAt, taskQueue, row: row?.stage ?? null },
  };
}
