import { STORE } from './activity-options.ts';
import { type ItemRun, nowIso } from './item-run.ts';
import { activitiesOf } from './queue-activities.ts';

/** Freezes readings and verdicts of a KPI review: from then on it can be signed. */
export async function freeze(
  run: ItemRun,
  { reviewId, number }: { reviewId: string; number: number },
): Promise<void> {
  const { workspaceId, itemId, snapshot } = run;
  const question = { workspaceId, itemId, reviewId, number, snapshot, at: nowIso() };
  const { freezeReview } = activitiesOf('recording', {
    ...STORE,
    summary: 'freeze readings and verdicts of the review',
  });
  const frozen = await freezeReview(question);
  run.happen({ type: 'review_frozen', at: nowIso(), reviewId, ...frozen });
}
