import { ApplicationFailure } from '@temporalio/activity';
import { listUnavailable } from '../db/item/checkpoint-replies.ts';
import { lockReadings } from '../db/item/kpi-addenda.ts';
import { freezeKpiReview } from '../db/item/kpi-reviews.ts';
import { listLatestReadings, readingOf } from '../db/item/readings.ts';
import { getBrief } from '../db/item/versions.ts';
import { inTransaction } from '../db/transaction.ts';
import { getWorkspace } from '../db/workspace/workspaces.ts';
import type { ClockFacts } from '../domain/item/commands/facts.ts';
import { rulesOf } from '../domain/item/machine/rules.ts';
import type { ItemSnapshot } from '../domain/item/run.ts';
import { clockSteps } from '../time/business-calendar.ts';
import type { ActivityDeps } from './deps.ts';
import { judgeHereOrInThread } from './review-judgement.ts';

export interface ReviewQuestion {
  workspaceId: string;
  itemId: string;
  reviewId: string;
  number: number;
  snapshot: ItemSnapshot;
  /** By the item's own clock. */
  at: string;
}

export function kpiReviewActivities({ db }: Pick<ActivityDeps, 'db'>) {
  return {
    /**
     * Freezes the readings of a review, judges them against the frozen targets and stores both. The
     * first freeze of a review stays, whatever is read later.
     * @returns the hash over targets, readings and verdicts, and the clock of the review.
     */
    async freezeReview(question: ReviewQuestion): Promise<{ hash: string; clocks: ClockFacts }> {
      const { workspaceId, itemId, reviewId, number, snapshot, at } = question;
      const { context } = snapshot;
      const hash = context.brief?.hash ?? '';
      const brief = await getBrief(db, { workspaceId, itemId, hash });
      if (brief === null) {
        throw ApplicationFailure.retryable(
          `${itemId}: its brief ${hash} is not stored`,
          'BriefMissing',
        );
      }
      const targets = brief.body.kpiTargets ?? [];
      const key = { workspaceId, itemId };
      const frozen = await inTransaction(db, async (tx) => {
        // A reading is in this review, or it comes after it and is noted as late.
        await lockReadings(tx, key);
        const readings = (await listLatestReadings(tx, key)).map(readingOf);
        const judging = judgeHereOrInThread({ context, targets, readings }, key);
        const { hash: reviewHash, ...judged } = await judging;
        const unavailable = await listUnavailable(tx, key);
        return freezeKpiReview(tx, {
          id: reviewId,
          ...key,
          number,
          hash: reviewHash,
          body: { ...judged, unavailable, frozenAt: at },
        });
      });
      return { hash: frozen.hash, clocks: await reviewClock(question) };
    },
  };

  async function reviewClock({ workspaceId, snapshot, at }: ReviewQuestion): Promise<ClockFacts> {
    const workspace = await getWorkspace(db, { workspaceId });
    if (workspace === null) return {};
    const { clocks } = snapshot.context.playbook;
    const [half, most, full, over] = clockSteps(
      at,
      clocks.kpi_review,
      workspace.calendar,
      rulesOf(snapshot.context).clockPercents,
    );
    return {
      kpi_review: [Date.parse(half), Date.parse(most), Date.parse(full), Date.parse(over)],
    };
  }
}
