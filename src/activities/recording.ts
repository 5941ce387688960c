import { ApplicationFailure, log } from '@temporalio/activity';
import { ChainConflict } from '../db/errors.ts';
import { projectRun } from '../db/publishing/resolutions.ts';
import type { ItemEvent } from '../domain/item/event.ts';
import { itemRowOf } from '../domain/item/row.ts';
import type { ItemSnapshot } from '../domain/item/run.ts';
import { outboxWithProposals, type ProposalLog } from '../slots/slot-proposals.ts';
import type { ActivityDeps } from './deps.ts';

export interface EventBatch {
  workspaceId: string;
  itemId: string;
  events: ItemEvent[];
  /** After the last of these events; null for the first part of more than one batch. */
  snapshot: ItemSnapshot | null;
  /** Seq of the last event. */
  seq: number;
}

const LOG: ProposalLog = {
  warn: ({ itemId, reason }, message) => log.warn(`${itemId}: ${message}: ${reason}`),
};

/**
 * Writes a run's events, its row and its outbox. Repeatable: what stands is not written again.
 * A chain that contradicts the stored one is not retried into the tables: it is a finding.
 */
export async function recordBatch(
  db: ActivityDeps['db'],
  { workspaceId, itemId, events, snapshot, seq }: EventBatch,
): Promise<void> {
  try {
    await projectRun(db, {
      workspaceId,
      itemId,
      events,
      ...(snapshot !== null && { item: itemRowOf(snapshot, seq) }),
      outbox: await outboxWithProposals(
        db,
        { workspaceId, itemId, events, context: snapshot?.context ?? null },
        LOG,
      ),
    });
  } catch (error) {
    if (!(error instanceof ChainConflict)) throw error;
    throw ApplicationFailure.retryable(
      `${itemId}: the chain contradicts the stored one`,
      'ChainConflict',
    );
  }
}

export function recordingActivities({ db }: Pick<ActivityDeps, 'db'>) {
  return {
    recordEvents: (batch: EventBatch): Promise<void> => recordBatch(db, batch),
  };
}
