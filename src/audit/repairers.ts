import { type DeliveryDeps, deliverCommand } from '../commands/deliver-command.ts';
import { locateRows } from '../db/audit/rows.ts';
import { getCommand, takeFence, verdictOf } from '../db/item/commands.ts';
import type { Finding } from '../domain/audit/finding.ts';
import type { AuditRepair } from '../domain/audit/finding-catalogue.ts';
import { isSending } from '../domain/item/context.ts';
import { ask, whyNot } from '../engine/ask.ts';
import type { EngineDeps } from './engine-answer.ts';
import { itemIdOf } from './orphan-runs.ts';
import { rebuildRow } from './rebuild-row.ts';
import { NotPossible, type RepairOrder, type RepairReport } from './repair-outcome.ts';
import { replaceRun } from './replace-run.ts';
import { readRecord } from './run-history.ts';

export type RepairDeps = EngineDeps & DeliveryDeps;

const TERMINATE_MS = 4_000;

interface Patient {
  workspaceId: string;
  finding: Finding;
}

/** @throws NotPossible when nothing was changed, because it would do harm or cannot be done. */
type Repairer = (deps: RepairDeps, patient: Patient, order: RepairOrder) => Promise<RepairReport>;

export const REPAIRERS: Record<AuditRepair, Repairer> = {
  resend_command: resendCommand,
  rebuild_row: (deps, patient, order) => rebuildRow(deps, keyOf(patient), order),
  replace_run: (deps, patient, order) => replaceRun(deps, keyOf(patient), order),
  terminate_run: terminateRun,
};

/** A run without a row names its item by its own id. */
function keyOf({ workspaceId, finding }: Patient): { workspaceId: string; itemId: string } {
  const workflowId = String(finding.evidence['workflowId'] ?? '');
  const itemId = finding.itemId ?? itemIdOf({ workflowId });
  if (itemId === null) throw new NotPossible('the finding names no item');
  return { workspaceId, itemId };
}

/** Sends it now instead of when the drainer would. The fence keeps a sender at work undisturbed. */
async function resendCommand(
  deps: RepairDeps,
  { workspaceId, finding: { evidence } }: Patient,
  { dryRun }: RepairOrder,
): Promise<RepairReport> {
  const id = String(evidence['commandId']);
  const row = await getCommand(deps.db, { workspaceId, id });
  if (row === null) throw new NotPossible('the command is not stored');
  if (verdictOf(row) !== null) return { changes: [], result: {} };
  const changes = [`the command ${id} is sent again`];
  if (dryRun) return { changes, result: {} };
  const attempt = await takeFence(deps.db, { workspaceId, id });
  if (attempt === null) throw new NotPossible('somebody is sending the command right now');
  const verdict = await deliverCommand(deps, row, attempt);
  const after = await getCommand(deps.db, { workspaceId, id });
  const lastError = verdict === null && { lastError: after?.lastError ?? null };
  return { changes, result: { commandId: id, state: verdict?.state ?? 'pending', ...lastError } };
}

/**
 * Ends a run that no open row knows. Why somebody wants that is in the record of the repair: the engine keeps
 * a reason as plain text. One that is sending a post is left alone: nobody would see its end.
 */
async function terminateRun(
  { db, temporal }: RepairDeps,
  { workspaceId, finding: { evidence } }: Patient,
  { dryRun }: RepairOrder,
): Promise<RepairReport> {
  const workflowId = String(evidence['workflowId']);
  const runId = String(evidence['runId']);
  const until = Date.now() + TERMINATE_MS;
  const changes = [`the run ${runId} of ${workflowId} is ended`];
  try {
    const record = await readRecord(temporal, { workflowId, runId }, until);
    const itemId = record?.input.item.itemId;
    const [row] = itemId === undefined ? [] : await locateRows(db, [itemId]);
    if (row !== undefined && (row.closedAt === null || row.workspaceId !== workspaceId)) {
      throw new NotPossible(`${itemId} has a row`);
    }
    // Of a closed item nothing is wanted any more: whatever its run tries is refused.
    if (row === undefined && record?.snapshot.context.publications.some(isSending)) {
      throw new NotPossible('the run is sending a post. Wait until its outcome is known');
    }
    if (dryRun) return { changes, result: {} };
    await ask(temporal, until, () =>
      temporal.workflow
        .getHandle(workflowId, runId)
        .terminate('terminate_run' satisfies AuditRepair),
    );
    return { changes, result: { workflowId, runId, terminated: true } };
  } catch (error) {
    if (error instanceof NotPossible) throw error;
    throw new NotPossible(`the run ${workflowId} did not end: ${whyNot(error)}`);
  }
}
