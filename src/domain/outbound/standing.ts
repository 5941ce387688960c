import { currentApprovals, currentHandoff, currentReview } from '../item/context.ts';
import type { WaitingOn } from '../item/responsible.ts';
import type { ItemRow } from '../item/row.ts';
import { readSnapshot } from '../item/versions/migrate.ts';

/** How an item stands after an event: what whoever hears of it needs to decide. */
export interface Standing {
  stage: string;
  substage: string | null;
  waitingOn: WaitingOn[];
  dueAt: string | null;
  contentHash: string | null;
  handoffId: string | null;
  reviewHash: string | null;
}

export function standingOf(row: ItemRow): Standing {
  const { stage, substage, waitingOn, dueAt } = row;
  const { context } = readSnapshot(row.snapshot);
  const asks = (command: string) => waitingOn.some((one) => one.for === command);
  return {
    stage,
    substage,
    waitingOn,
    dueAt,
    contentHash: asks('decide_approval') ? (currentApprovals(context)?.contentHash ?? null) : null,
    handoffId: asks('accept_handoff') ? (currentHandoff(context)?.id ?? null) : null,
    reviewHash: asks('sign_off') ? (currentReview(context)?.hash ?? null) : null,
  };
}
