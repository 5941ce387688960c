import type { CommandSender } from '../../commands/command-outcome.ts';
import { InvalidBody } from '../../commands/command-refusals.ts';
import { type DeliveryDeps, deliverCommand } from '../../commands/deliver-command.ts';
import { locateRows } from '../../db/audit/rows.ts';
import { getCommand, takeFence, verdictOf } from '../../db/item/commands.ts';
import type { Finding } from '../../domain/audit/finding.ts';
import {
  type AuditRepair,
  isAuditRepair,
  isCommandRepair,
  type Repair,
} from '../../domain/audit/finding-catalogue.ts';
import { isSending } from '../../domain/item/context.ts';
import { ask, whyNot } from '../../engine/ask.ts';
import type { EngineDeps } from '../engine-answer.ts';
import { itemIdOf } from '../orphan-runs.ts';
import { readRecord } from '../run-history.ts';
import { repairByCommand } from './command-repair.ts';
import { continueRun } from './continue-run.ts';
import { rebuildRow } from './rebuild-row.ts';
import { remind } from './remind.ts';
import { NotPossible, type RepairOrder, type RepairReport } from './repair-outcome.ts';
import { replaceRun } from './replace-run.ts';
import { replayDeliveries } from './replay-deliveries.ts';
import { type RepairRequests, repairByRequest } from './request-repair.ts';
import { restartWatch } from './restart-watch.ts';
import { retryStep } from './retry-step.ts';

export type RepairDeps = EngineDeps &
  DeliveryDeps & { sender: CommandSender; requests: RepairRequests };

const TERMINATE_MS = 4_000;

interface Patient {
  workspaceId: string;
  finding: Finding;
}

/**
 * @throws NotPossible when nothing was changed, because it would do harm or cannot be done; InvalidBody,
 *   RepeatedId.
 */
export function carryOutRepair(
  deps: RepairDeps,
  { workspaceId, finding, repair }: Patient & { repair: Repair },
  order: RepairOrder,
): Promise<RepairReport> {
  if (isCommandRepair(repair)) return repairByCommand(deps, { finding, repair }, order);
  if (!isAuditRepair(repair)) return repairByRequest(deps.requests, { finding, repair }, order);
  requireNothing(repair, order);
  return REPAIRERS[repair](deps, { workspaceId, finding }, order);
}

/** @throws InvalidBody */
function requireNothing(repair: AuditRepair, { with: given }: RepairOrder): void {
  const issues = Object.keys(given).map((name) => ({
    path: [name],
    message: `${repair} takes nothing with it`,
  }));
  if (issues.length > 0) throw new InvalidBody(issues);
}

type Repairer = (deps: RepairDeps, patient: Patient, order: RepairOrder) => Promise<RepairReport>;

const REPAIRERS: Record<AuditRepair, Repairer> = {
  resend_command: resendCommand,
  rebuild_row: (deps, patient, order) => rebuildRow(deps, keyOf(patient), order),
  replace_run: (deps, patient, { caller, ...order }) =>
    replaceRun(deps, keyOf(patient), { ...order, actorId: caller.memberId }),
  terminate_run: terminateRun,
  continue_run: (deps, patient, order) => continueRun(deps, keyOf(patient), order),
  retry_step: (deps, patient, order) => retryStep(deps, keyOf(patient), order),
  replay_delivery: (deps, patient, order) => replayDeliveries(deps, patient, order),
  restart_watch: (deps, _, order) => restartWatch(deps, order),
  remind: (deps, patient, order) => remind(deps, { ...keyOf(patient), ...patient }, order),
  recheck: async () => ({ changes: ['it was looked at again'], result: {} }),
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
