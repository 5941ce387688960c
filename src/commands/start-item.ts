import type { Db } from '../db/client.ts';
import { newId } from '../db/ids.ts';
import {
  type CommandRow,
  getCommand,
  insertCommand,
  storeRefusal,
  takeFence,
} from '../db/item/commands.ts';
import { setReviewSuccessor } from '../db/item/review-successors.ts';
import { inTransaction } from '../db/transaction.ts';
import { requireRoom } from '../db/workspace/quotas.ts';
import type { Unmet } from '../domain/item/requirements/catalogue.ts';
import type { BodyIssue, StartOutcome, StartRequest } from './command-outcome.ts';
import type { DeliveryDeps } from './deliver-command.ts';
import { completeStart, earlierSuccessor } from './review-successor.ts';
import { repeat, type SenderDeps } from './settle-command.ts';
import {
  briefUnmet,
  insertStart,
  insertStarted,
  prepareStart,
  readStartGround,
  START,
  startExpiry,
  stillJoins,
} from './start/prepare-start.ts';

/** Stores the start of an item and sends it to the engine; the same id again gets the same item. */
export async function startItem(deps: SenderDeps, request: StartRequest): Promise<StartOutcome> {
  const { caller, commandId } = request;
  const { workspaceId } = caller;
  const earlier = await getCommand(deps.db, { workspaceId, id: commandId });
  const row = earlier ?? (await storeStart(deps, request));
  if ('issues' in row) return { outcome: 'invalid', issues: row.issues };
  if ('conflict' in row) return { outcome: 'idempotency_conflict', commandId };
  // Somebody else's start may carry on the same review: it is the answer to this one, too.
  const { bodyHash } = row.id === commandId ? request : row;
  const outcome = await repeat(deps, { commandId: row.id, bodyHash, type: START }, row);
  return outcome.outcome === 'applied' || outcome.outcome === 'pending'
    ? { ...outcome, itemId: row.itemId }
    : outcome;
}

async function storeStart(
  { db }: DeliveryDeps,
  request: StartRequest,
): Promise<CommandRow | { issues: BodyIssue[] } | { conflict: true }> {
  const barred = briefUnmet(request);
  if (barred.length > 0) return inTransaction(db, (tx) => storeBarred(tx, request, barred));
  const { workspaceId } = request.caller;
  const complete = await completeStart(db, { workspaceId, body: request.body });
  if ('issues' in complete) return complete;
  const { body, sourceItemId } = complete;
  const { fromReview: reviewId, campaignId } = body;
  const ground = await readStartGround(db, { workspaceId, campaignId });
  const prepared = await prepareStart(db, ground, { ...request, body });
  if ('issues' in prepared) return prepared;
  const { itemId } = prepared.input.item;
  return inTransaction(db, async (tx) => {
    const before =
      reviewId === undefined ? null : await earlierSuccessor(tx, { workspaceId, reviewId });
    if (before !== null) return before;
    const barrier = await stillJoins(tx, ground.campaign, workspaceId);
    if (barrier !== null) return barrier;
    const inserted = await insertStart(tx, prepared);
    if (inserted.conflict) return { conflict: true as const };
    if (!inserted.inserted) return inserted.row;
    if (prepared.unmet.length > 0) return refuseStart(tx, inserted.row, prepared.unmet);
    const { maxOpenItems: limit } = request;
    if (limit !== undefined) await requireRoom(tx, { workspaceId, quota: 'openItems', limit });
    await insertStarted(tx, prepared);
    if (reviewId !== undefined && sourceItemId !== null) {
      const { commandId } = request;
      await setReviewSuccessor(tx, { workspaceId, reviewId, sourceItemId, itemId, commandId });
    }
    return inserted.row;
  });
}

/** Only the row of the command and its verdict: nothing else of the request is looked at. */
async function storeBarred(tx: Db, request: StartRequest, unmet: Unmet[]) {
  const { caller, commandId: id, bodyHash, source } = request;
  const inserted = await insertCommand(tx, {
    id,
    workspaceId: caller.workspaceId,
    itemId: newId('item'),
    actorId: caller.memberId,
    source,
    type: START,
    bodyHash,
    payload: {},
    expiresAt: startExpiry(),
  });
  if (inserted.conflict) return { conflict: true as const };
  return inserted.inserted ? refuseStart(tx, inserted.row, unmet) : inserted.row;
}

/** A refused start is a verdict like any other: the same key gets it again. */
async function refuseStart(tx: Db, row: CommandRow, unmet: Unmet[]) {
  const key = { workspaceId: row.workspaceId, id: row.id };
  const attempt = await takeFence(tx, key);
  if (attempt !== null) await storeRefusal(tx, { ...key, attempt, unmet, atSeq: 0 });
  return (await getCommand(tx, key)) ?? row;
}
