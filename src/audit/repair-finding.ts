import { type DeliveryDeps, deliverCommand } from '../commands/deliver-command.ts';
import { recordRepair } from '../db/audit/repairs.ts';
import { locateRows } from '../db/audit/rows.ts';
import { getCommand, takeFence, verdictOf } from '../db/item/commands.ts';
import { getItem } from '../db/item/items.ts';
import { type Finding, issuedFindingId } from '../domain/audit/finding.ts';
import { type AuditRepair, isAuditRepair, type Repair } from '../domain/audit/finding-catalogue.ts';
import { isSending } from '../domain/item/context.ts';
import { responsibleRoles } from '../domain/item/responsible.ts';
import { placeOf } from '../domain/item/run.ts';
import type { Role } from '../domain/people/roles.ts';
import { ask, whyNot } from '../engine/ask.ts';
import type { EngineDeps } from './engine-findings.ts';
import { rebuildRow } from './rebuild-row.ts';
import {
  NotPossible,
  type RepairOutcome,
  type RepairRequest,
  type RepairResult,
} from './repair-outcome.ts';
import { rebuildRun, restartRun } from './restart-run.ts';
import { readRecord } from './run-history.ts';
import { stuckFindings } from './stuck-findings.ts';

export type RepairDeps = EngineDeps & DeliveryDeps;

const TERMINATE_MS = 4_000;

/**
 * Carries out a repair of a finding that is still true, and records who asked for it, why, and what came of
 * it. A repair that is a command of the item is not done here: the outcome says where to send it.
 */
export async function repairFinding(
  deps: RepairDeps,
  { caller, findingId, repair, reason, now }: RepairRequest,
): Promise<RepairOutcome> {
  const { workspaceId, memberId } = caller;
  if (issuedFindingId(findingId, workspaceId) !== findingId) return { outcome: 'unknown' };
  const { items, couldNotAsk } = await stuckFindings(deps, {
    workspaceId,
    now,
    limit: 1,
    filters: { id: findingId },
  });
  const [finding] = items;
  if (finding === undefined) {
    return couldNotAsk.length > 0 ? { outcome: 'cannot_tell', couldNotAsk } : { outcome: 'gone' };
  }
  if (!finding.repairs.includes(repair)) {
    return { outcome: 'not_offered', repairs: finding.repairs };
  }
  if (!isAuditRepair(repair)) return whereToSend(repair, finding);
  const roles = await rolesFor(deps, workspaceId, repair, finding);
  if (!caller.roles.some((role) => roles.includes(role))) return { outcome: 'forbidden', roles };
  try {
    const result = await REPAIRERS[repair](deps, workspaceId, finding);
    const row = finding.itemId === undefined ? [] : await locateRows(deps.db, [finding.itemId]);
    const { id: repairId } = await recordRepair(deps.db, {
      workspaceId,
      findingId,
      findingCode: finding.code,
      repair,
      reason,
      itemId: row[0]?.itemId ?? null,
      actorId: memberId,
      outcome: result,
    });
    return { outcome: 'done', repairId, result };
  } catch (error) {
    if (error instanceof NotPossible) return { outcome: 'not_possible', why: error.message };
    throw error;
  }
}

type RequestRepair = Exclude<Repair, AuditRepair>;

const PATHS: Record<
  Exclude<RequestRepair, 'replace_credentials'>,
  [method: 'POST' | 'PUT', path: string]
> = {
  decide_approval: ['POST', 'approvals'],
  plan_schedule: ['PUT', 'schedule'],
  skip_publication: ['POST', 'publications/{pubId}/skip'],
  resolve_publication: ['POST', 'publications/{pubId}/resolve'],
  sign_off: ['POST', 'kpi-review/sign-offs'],
  resume: ['POST', 'resume'],
  cancel: ['POST', 'cancel'],
  reassign: ['POST', 'reassign'],
  extend: ['POST', 'extend'],
  add_readings: ['POST', 'readings'],
};

function whereToSend(repair: RequestRepair, finding: Finding): RepairOutcome {
  if (repair === 'replace_credentials') {
    const account = String(finding.evidence['channelAccountId']);
    const path = `/v1/channel-accounts/${account}/credentials`;
    return { outcome: 'is_command', method: 'PUT', path };
  }
  const [method, path] = PATHS[repair];
  const publicationId = String(finding.evidence['publicationId'] ?? '{pubId}');
  const suffix = path.replace('{pubId}', publicationId);
  return { outcome: 'is_command', method, path: `/v1/items/${finding.itemId}/${suffix}` };
}

const OF_ADMINS: readonly AuditRepair[] = ['restart_run', 'rebuild_run', 'terminate_run'];

/** Whoever answers for the item may have its own records put right; runs are for admins. */
async function rolesFor(
  { db }: RepairDeps,
  workspaceId: string,
  repair: AuditRepair,
  { itemId }: Finding,
): Promise<Role[]> {
  if (OF_ADMINS.includes(repair)) return ['admin'];
  const item = itemId === undefined ? null : await getItem(db, { workspaceId, itemId });
  if (item === null) return ['admin'];
  const { snapshot } = item;
  return ['admin', ...responsibleRoles(placeOf(snapshot), snapshot.context)];
}

type Repairer = (deps: RepairDeps, workspaceId: string, finding: Finding) => Promise<RepairResult>;

const REPAIRERS: Record<AuditRepair, Repairer> = {
  resend_command: resendCommand,
  rebuild_row: async (deps, workspaceId, finding) =>
    (await rebuildRow(deps, keyOf(workspaceId, finding))).result,
  restart_run: (deps, workspaceId, finding) => restartRun(deps, keyOf(workspaceId, finding)),
  rebuild_run: (deps, workspaceId, finding) => rebuildRun(deps, keyOf(workspaceId, finding)),
  terminate_run: terminateRun,
};

function keyOf(workspaceId: string, { itemId }: Finding): { workspaceId: string; itemId: string } {
  if (itemId === undefined) throw new NotPossible('the finding names no item');
  return { workspaceId, itemId };
}

/** Sends it now instead of when the drainer would. The fence keeps a sender at work undisturbed. */
async function resendCommand(
  deps: RepairDeps,
  workspaceId: string,
  { evidence }: Finding,
): Promise<RepairResult> {
  const id = String(evidence['commandId']);
  const row = await getCommand(deps.db, { workspaceId, id });
  if (row === null) throw new NotPossible('the command is not stored');
  const earlier = verdictOf(row);
  if (earlier !== null) return { commandId: id, state: earlier.state };
  const attempt = await takeFence(deps.db, { workspaceId, id });
  if (attempt === null) throw new NotPossible('somebody is sending the command right now');
  const verdict = await deliverCommand(deps, row, attempt);
  const after = await getCommand(deps.db, { workspaceId, id });
  return {
    commandId: id,
    state: verdict?.state ?? 'pending',
    ...(verdict === null && { lastError: after?.lastError ?? null }),
  };
}

/**
 * Ends a run that no row knows. Why somebody wants that is in the record of the repair: the engine keeps
 * a reason as plain text. One that is sending a post is left alone: nobody would see its end.
 */
async function terminateRun(
  { db, temporal }: RepairDeps,
  _workspaceId: string,
  { evidence }: Finding,
): Promise<RepairResult> {
  const workflowId = String(evidence['workflowId']);
  const runId = String(evidence['runId']);
  const until = Date.now() + TERMINATE_MS;
  try {
    const record = await readRecord(temporal, { workflowId, runId }, until);
    const itemId = record?.input.item.itemId;
    if (itemId !== undefined && (await locateRows(db, [itemId])).length > 0) {
      throw new NotPossible(`${itemId} has a row`);
    }
    if (record?.snapshot.context.publications.some(isSending)) {
      throw new NotPossible('the run is sending a post. Wait until its outcome is known');
    }
    await ask(temporal, until, () =>
      temporal.workflow
        .getHandle(workflowId, runId)
        .terminate('terminate_run' satisfies AuditRepair),
    );
    return { workflowId, runId, terminated: true };
  } catch (error) {
    if (error instanceof NotPossible) throw error;
    throw new NotPossible(`the run ${workflowId} did not end: ${whyNot(error)}`);
  }
}
