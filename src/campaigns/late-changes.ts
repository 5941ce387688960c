import { hasLateReadings, listLateAddenda } from '../db/campaign/late-changes.ts';
import type { CampaignReviewRow } from '../db/campaign/reviews.ts';
import type { Db } from '../db/client.ts';
import type { AddendumRow } from '../db/item/kpi-addenda.ts';
import { type Flip, flipsOfSums } from '../domain/kpi/flips.ts';
import { judgeAgain } from './open-review.ts';

/** Longer than judging takes: what comes meanwhile is not in the review, and is stored before it. */
const JUDGED_WITHIN_MS = 60_000;
/** Addenda that one answer names. */
const SHOWN = 50;

/** What readings turned that came after the review of a campaign was frozen. */
export interface LateChanges {
  /** Its own verdicts. */
  flips: Flip[];
  /** Of its items. */
  addenda: AddendumRow[];
}

/** Judges a frozen review again, by its own targets and items. The review stays as it is. */
export async function lateChanges(
  db: Db,
  { workspaceId, campaignId, openedAt, body }: CampaignReviewRow,
): Promise<LateChanges> {
  const { itemIds, targets, verdicts } = body;
  const asked = { workspaceId, itemIds, since: openedAt };
  const since = new Date(Date.parse(openedAt) - JUDGED_WITHIN_MS).toISOString();
  if (itemIds.length === 0 || !(await hasLateReadings(db, { ...asked, since }))) {
    return { flips: [], addenda: [] };
  }
  const [now, addenda] = await Promise.all([
    judgeAgain(db, { workspaceId, campaignId, targets, itemIds }),
    listLateAddenda(db, { ...asked, limit: SHOWN }),
  ]);
  return { flips: flipsOfSums(verdicts, now.verdicts), addenda };
}
