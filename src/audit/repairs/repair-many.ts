import { InvalidBody } from '../../commands/command-refusals.ts';
import type { Finding } from '../../domain/audit/finding.ts';
import { cursorAfter, stuckFindings } from '../stuck-findings.ts';
import { repairFinding } from './repair-finding.ts';
import type { BulkRepairOutcome, BulkRepairRequest, BulkRepairResult } from './repair-outcome.ts';
import type { RepairDeps } from './repairers.ts';

/** Repairs at the same time: each asks the engine and the tables. */
const PARALLEL = 4;
const BEGIN_WITHIN_MS = 20_000;

/**
 * One page of what a filter finds, each repaired as if it had been asked for alone. For admins: it is about
 * more than anybody answers for. What a command needs of another role is asked of each.
 */
export async function repairMany(
  deps: RepairDeps,
  request: BulkRepairRequest,
): Promise<BulkRepairOutcome> {
  const { caller, repair, filters, now, limit, cursor, beginWithinMs = BEGIN_WITHIN_MS } = request;
  if (!caller.roles.includes('admin')) return { outcome: 'forbidden', roles: ['admin'] };
  const { workspaceId } = caller;
  const question = { workspaceId, now, limit, cursor, filters };
  const { items, couldNotAsk, nextCursor } = await stuckFindings(deps, question);
  const until = Date.now() + beginWithinMs;
  const results: BulkRepairResult[] = [];
  const queue = items.filter(({ repairs }) => repairs.includes(repair));
  const work = async (): Promise<void> => {
    for (let finding = queue.shift(); finding !== undefined; ) {
      results.push(await repairOne(deps, finding, request));
      finding = Date.now() < until ? queue.shift() : undefined;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  const [left] = queue;
  const before = left && items[items.indexOf(left) - 1];
  return {
    outcome: 'answered',
    results,
    couldNotAsk,
    nextCursor: before === undefined ? nextCursor : cursorAfter(before, question),
  };
}

async function repairOne(
  deps: RepairDeps,
  finding: Finding,
  request: BulkRepairRequest,
): Promise<BulkRepairResult> {
  const { key } = request;
  const named = nameOf(finding);
  const impossible = (error: string): BulkRepairResult => ({
    ...named,
    outcome: 'not_possible',
    changes: [],
    error,
  });
  try {
    // Looked at again: what the page says may be over, also by the repair of another finding of its item.
    const outcome = await repairFinding(deps, {
      ...request,
      findingId: finding.id,
      ...(key !== undefined && { key: { ...key, commandId: `${key.commandId}:${finding.id}` } }),
    });
    switch (outcome.outcome) {
      case 'forbidden':
        return impossible(`this is for ${outcome.roles.join(', ')}`);
      case 'cannot_tell':
        return impossible('nobody could tell whether it still stands');
      case 'unknown':
      case 'gone':
      case 'not_offered':
        return impossible('it does not stand any more');
      case 'not_possible':
        return {
          ...impossible(outcome.why),
          ...(outcome.unmet !== undefined && { unmet: outcome.unmet }),
        };
      case 'invalid':
        return impossible(new InvalidBody(outcome.issues).message);
      case 'idempotency_conflict':
        return impossible('this id was used for another repair');
      case 'done': {
        const { changes, stillFound } = outcome;
        return { ...named, outcome: 'done', changes, stillFound };
      }
      case 'would':
        return { ...named, outcome: 'would', changes: outcome.changes };
      case 'nothing_to_do':
        return { ...named, outcome: 'nothing_to_do', changes: [] };
    }
  } catch (error) {
    // One that fails keeps no other from its repair.
    const reason = error instanceof Error ? error.name : 'unknown error';
    deps.log.error({ findingId: named.findingId, reason }, 'a repair failed');
    return impossible(`it failed: ${reason}`);
  }
}

function nameOf({ id: findingId, itemId }: Finding) {
  return { findingId, ...(itemId !== undefined && { itemId }) };
}
