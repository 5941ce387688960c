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

/** What late readings turned, of the campaign and of its items. The review stays as it is. */
export async function lateChanges(db: Db, review: CampaignReviewRow): Promise<LateChanges> {
  const { workspaceId, openedAt: since, body } = review;
  if (!(await hasLate(db, review))) return { flips: [], addenda: [] };
  const [flips, addenda] = await Promise.all([
    judgedAgain(db, review),
    listLateAddenda(db, { workspaceId, itemIds: body.itemIds, since, limit: SHOWN }),
  ]);
  return { flips, addenda };
}

/** What late readings turned of the campaign alone. */
export async function lateFlips(db: Db, review: CampaignReviewRow): Promise<Flip[]> {
  return (await hasLate(db, review)) ? judgedAgain(db, review) : [];
}

async function hasLate(
  db: Db,
  { workspaceId, openedAt, body: { itemIds } }: CampaignReviewRow,
): Promise<boolean> {
  const since = new Date(Date.parse(openedAt) - JUDGED_WITHIN_MS).toISOString();
  return itemIds.length > 0 && (await hasLateReadings(db, { workspaceId, itemIds, since }));
}

/** By the review's own targets and items. */
async function judgedAgain(
  db: Db,
  { workspaceId, campaignId, body: { itemIds, targets, verdicts } }: CampaignReviewRow,
): Promise<Flip[]> {
  const now = await judgeAgain(db, { workspaceId, campaignId, targets, itemIds });
  return flipsOfSums(verdicts, now.verdicts);
}
