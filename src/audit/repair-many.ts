import type { Finding } from '../domain/audit/finding.ts';
import { carryOut } from './repair-finding.ts';
import type {
  BulkRepairOutcome,
  BulkRepairRequest,
  BulkRepairResult,
  RepairOrder,
} from './repair-outcome.ts';
import type { RepairDeps } from './repairers.ts';
import { stuckFindings } from './stuck-findings.ts';

/** Repairs at the same time: each asks the engine and the tables. */
const PARALLEL = 4;
/** What has not begun by then is left for the next call. */
const BEGIN_WITHIN_MS = 20_000;

/**
 * One page of what a filter finds, each repaired as if it had been asked for alone. For admins: it is about
 * more than anybody answers for.
 */
export async function repairMany(
  deps: RepairDeps,
  request: BulkRepairRequest,
): Promise<BulkRepairOutcome> {
  const { caller, repair, reason, filters, now, limit, cursor, dryRun = false } = request;
  if (!caller.roles.includes('admin')) return { outcome: 'forbidden', roles: ['admin'] };
  const { workspaceId, memberId: actorId } = caller;
  const question = { workspaceId, now, limit, cursor, filters };
  const { items, couldNotAsk, nextCursor } = await stuckFindings(deps, question);
  const until = Date.now() + BEGIN_WITHIN_MS;
  const results: BulkRepairResult[] = [];
  const queue = items.filter(({ repairs }) => repairs.includes(repair));
  const work = async (): Promise<void> => {
    for (let finding = queue.shift(); finding !== undefined; finding = queue.shift()) {
      const order = { reason, actorId, dryRun };
      results.push(
        Date.now() < until
          ? await repairOne(deps, { workspaceId, finding, repair }, order)
          : { ...nameOf(finding), outcome: 'not_possible', changes: [], error: TOO_MANY },
      );
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return { outcome: 'answered', results, couldNotAsk, nextCursor };
}

const TOO_MANY = 'there was no time for it. Ask again';

async function repairOne(
  deps: RepairDeps,
  patient: Parameters<typeof carryOut>[1],
  order: RepairOrder,
): Promise<BulkRepairResult> {
  const named = nameOf(patient.finding);
  try {
    const outcome = await carryOut(deps, patient, order);
    return outcome.outcome === 'not_possible'
      ? { ...named, outcome: 'not_possible', changes: [], error: outcome.why }
      : {
          ...named,
          outcome: outcome.outcome,
          changes: 'changes' in outcome ? outcome.changes : [],
        };
  } catch (error) {
    // One that fails keeps no other from its repair.
    const reason = error instanceof Error ? error.name : 'unknown error';
    deps.log.error({ findingId: named.findingId, reason }, 'a repair failed');
    return { ...named, outcome: 'not_possible', changes: [], error: `it failed: ${reason}` };
  }
}

function nameOf({ id: findingId, itemId }: Finding) {
  return { findingId, ...(itemId !== undefined && { itemId }) };
}
