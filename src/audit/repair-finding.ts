import { recordRepair } from '../db/audit/repairs.ts';
import { locateRows } from '../db/audit/rows.ts';
import { getItem } from '../db/item/items.ts';
import { type Finding, issuedFindingId } from '../domain/audit/finding.ts';
import { type AuditRepair, isAuditRepair, type Repair } from '../domain/audit/finding-catalogue.ts';
import { responsibleRoles } from '../domain/item/responsible.ts';
import { placeOf } from '../domain/item/run.ts';
import type { Role } from '../domain/people/roles.ts';
import {
  NotPossible,
  type RepairOrder,
  type RepairOutcome,
  type RepairReport,
  type RepairRequest,
} from './repair-outcome.ts';
import { REPAIRERS, type RepairDeps } from './repairers.ts';
import { stuckFindings } from './stuck-findings.ts';

/**
 * Carries out a repair of a finding that is still true, and records who asked for it, why, and what came of
 * it. A repair that is a command of the item is not done here: the outcome says where to send it.
 */
export async function repairFinding(
  deps: RepairDeps,
  { caller, findingId, repair, reason, now, dryRun = false }: RepairRequest,
): Promise<RepairOutcome> {
  const { workspaceId, memberId: actorId } = caller;
  if (issuedFindingId(findingId, workspaceId) !== findingId) return { outcome: 'unknown' };
  const look = (at: string) =>
    stuckFindings(deps, { workspaceId, now: at, limit: 1, filters: { id: findingId } });
  const { items, couldNotAsk } = await look(now);
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
  const order = { reason, actorId, dryRun };
  const outcome = await carryOut(deps, { workspaceId, finding, repair }, order);
  if (outcome.outcome !== 'done') return outcome;
  const after = await look(now);
  return { ...outcome, stillFound: after.items.length > 0 };
}

/** What a repairer made of it, recorded when it did something. */
export async function carryOut(
  deps: RepairDeps,
  { workspaceId, finding, repair }: { workspaceId: string; finding: Finding; repair: AuditRepair },
  order: RepairOrder,
): Promise<
  | ({ outcome: 'done'; repairId: string } & RepairReport)
  | Extract<RepairOutcome, { outcome: 'would' | 'nothing_to_do' | 'not_possible' }>
> {
  try {
    const { changes, result } = await REPAIRERS[repair](deps, { workspaceId, finding }, order);
    if (changes.length === 0) return { outcome: 'nothing_to_do' };
    if (order.dryRun) return { outcome: 'would', changes };
    const itemId = finding.itemId ?? null;
    const row = itemId === null ? [] : await locateRows(deps.db, [itemId]);
    const { id: repairId } = await recordRepair(deps.db, {
      workspaceId,
      findingId: finding.id,
      findingCode: finding.code,
      repair,
      reason: order.reason,
      itemId: row[0]?.itemId ?? null,
      actorId: order.actorId,
      outcome: { ...result, changes },
    });
    return { outcome: 'done', repairId, changes, result };
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

const OF_ADMINS: readonly AuditRepair[] = ['replace_run', 'terminate_run'];

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
