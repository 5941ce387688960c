import { InvalidBody } from '../../commands/command-refusals.ts';
import { recordRepair } from '../../db/audit/repairs.ts';
import { locateRows } from '../../db/audit/rows.ts';
import { newId } from '../../db/ids.ts';
import { getCommand } from '../../db/item/commands.ts';
import { getItem } from '../../db/item/items.ts';
import { type Finding, issuedFindingId } from '../../domain/audit/finding.ts';
import { isCommandRepair, type Repair } from '../../domain/audit/finding-catalogue.ts';
import { rolesForRepair } from '../../domain/audit/repair-rights.ts';
import { placeOf } from '../../domain/item/run.ts';
import type { Role } from '../../domain/people/roles.ts';
import { createAuditMemory } from '../audit-memory.ts';
import { stuckFindings } from '../stuck-findings.ts';
import { RepeatedId } from './command-repair.ts';
import {
  NotPossible,
  type RepairOrder,
  type RepairOutcome,
  type RepairReport,
  type RepairRequest,
} from './repair-outcome.ts';
import { carryOutRepair, type RepairDeps } from './repairers.ts';

/**
 * Carries out a repair of a finding that is still true, looks at the finding again, and records who asked
 * for it, why, and what came of it.
 */
export async function repairFinding(
  deps: RepairDeps,
  request: RepairRequest,
): Promise<RepairOutcome> {
  const { caller, findingId, repair, now } = request;
  const { workspaceId } = caller;
  if (issuedFindingId(findingId, workspaceId) !== findingId) return { outcome: 'unknown' };
  const { items, couldNotAsk } = await look(deps, request, now);
  const [finding] = items;
  if (finding === undefined) {
    if (couldNotAsk.length > 0) return { outcome: 'cannot_tell', couldNotAsk };
    return (await repeated(deps, request)) ?? goneOutcome(repair);
  }
  if (!finding.repairs.includes(repair)) {
    return { outcome: 'not_offered', repairs: finding.repairs };
  }
  const roles = await rolesOf(deps, { workspaceId, repair, finding });
  if (!mayRepair(caller, roles)) return { outcome: 'forbidden', roles };
  return carryOut(deps, { finding, repair }, orderOf(request), now);
}

/** For who looks again, an end is an answer. */
function goneOutcome(repair: Repair): RepairOutcome {
  if (repair !== 'recheck') return { outcome: 'gone' };
  return { outcome: 'done', changes: [], result: {}, stillFound: false };
}

/** A command that ended its finding, asked for once more. */
async function repeated(deps: RepairDeps, request: RepairRequest): Promise<RepairOutcome | null> {
  const { caller, key, repair } = request;
  if (!isCommandRepair(repair) || key === undefined) return null;
  const { commandId: id, bodyHash } = key;
  const known = await getCommand(deps.db, { workspaceId: caller.workspaceId, id });
  if (known === null) return null;
  if (known.bodyHash !== bodyHash) return { outcome: 'idempotency_conflict', commandId: id };
  const result = { commandId: id, state: known.state };
  return { outcome: 'done', changes: [`${repair} was sent before`], result, stillFound: false };
}

function orderOf(request: Omit<RepairRequest, 'findingId' | 'repair'>): RepairOrder {
  const { caller, reason, dryRun = false, key } = request;
  const isNew = { commandId: newId('repair'), bodyHash: '' };
  return { caller, reason, key: key ?? isNew, with: request.with ?? {}, dryRun };
}

function mayRepair({ roles }: RepairRequest['caller'], allowed: readonly Role[]): boolean {
  return roles.some((role) => allowed.includes(role));
}

/** Nothing that was found out before the repair counts. */
function look(
  deps: RepairDeps,
  { caller: { workspaceId }, findingId: id }: Pick<RepairRequest, 'caller' | 'findingId'>,
  now: string,
) {
  const { absences, backlogs, schedules } = createAuditMemory();
  const memory = { ...deps.memory, absences, backlogs, schedules };
  return stuckFindings({ ...deps, memory }, { workspaceId, now, limit: 1, filters: { id } });
}

type Carried = Extract<
  RepairOutcome,
  {
    outcome:
      | 'done'
      | 'would'
      | 'nothing_to_do'
      | 'not_possible'
      | 'invalid'
      | 'idempotency_conflict';
  }
>;

/** What a repairer made of it, recorded when it did something. */
async function carryOut(
  deps: RepairDeps,
  { finding, repair }: { finding: Finding; repair: Repair },
  order: RepairOrder,
  now: string,
): Promise<Carried> {
  const { caller, dryRun } = order;
  const { workspaceId } = caller;
  try {
    const report = await carryOutRepair(deps, { workspaceId, finding, repair }, order);
    const { changes } = report;
    if (changes.length === 0) return { outcome: 'nothing_to_do' };
    if (dryRun) return { outcome: 'would', changes };
    const repairId =
      repair === 'recheck' ? undefined : await record(deps, { finding, repair }, order, report);
    const after = await look(deps, { caller, findingId: finding.id }, now);
    const stillFound = report.failedAgain === true || after.items.length > 0;
    return {
      outcome: 'done',
      ...(repairId !== undefined && { repairId }),
      ...report,
      stillFound,
    };
  } catch (error) {
    if (error instanceof NotPossible) {
      const { message: why, unmet } = error;
      return { outcome: 'not_possible', why, ...(unmet.length > 0 && { unmet }) };
    }
    if (error instanceof InvalidBody) return { outcome: 'invalid', issues: error.issues };
    if (error instanceof RepeatedId) {
      return { outcome: 'idempotency_conflict', commandId: order.key.commandId };
    }
    throw error;
  }
}

async function record(
  { db }: RepairDeps,
  { finding, repair }: { finding: Finding; repair: Repair },
  { caller, reason }: RepairOrder,
  { changes, result }: RepairReport,
): Promise<string> {
  const itemId = finding.itemId ?? null;
  const row = itemId === null ? [] : await locateRows(db, [itemId]);
  const { id } = await recordRepair(db, {
    workspaceId: caller.workspaceId,
    findingId: finding.id,
    findingCode: finding.code,
    repair,
    reason,
    itemId: row[0]?.itemId ?? null,
    actorId: caller.memberId,
    outcome: { ...result, changes },
  });
  return id;
}

async function rolesOf(
  { db }: RepairDeps,
  { workspaceId, repair, finding }: { workspaceId: string; repair: Repair; finding: Finding },
): Promise<readonly Role[]> {
  const { itemId } = finding;
  const item = itemId === undefined ? null : await getItem(db, { workspaceId, itemId });
  if (item === null) return rolesForRepair(repair, null);
  const { snapshot } = item;
  return rolesForRepair(repair, { place: placeOf(snapshot), context: snapshot.context });
}
