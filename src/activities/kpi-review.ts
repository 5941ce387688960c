import { ApplicationFailure } from '@temporalio/activity';
import { listUnavailable } from '../db/item/checkpoint-replies.ts';
import { lockReadings } from '../db/item/kpi-addenda.ts';
import { listPastFigures, listPastGrowth, saveFigures } from '../db/item/kpi-figures.ts';
import { freezeKpiReview } from '../db/item/kpi-reviews.ts';
import { listLatestReadings } from '../db/item/readings.ts';
import { getBrief } from '../db/item/versions.ts';
import { inTransaction } from '../db/transaction.ts';
import { getWorkspace } from '../db/workspace/workspaces.ts';
import type { ClockFacts } from '../domain/item/commands/facts.ts';
import { rulesOf } from '../domain/item/machine/rules.ts';
import type { ItemSnapshot } from '../domain/item/run.ts';
import { comparedGrowth, ownGrowth } from '../domain/kpi/growth.ts';
import { comparedAges, comparedPiece } from '../domain/kpi/past-figures.ts';
import { Recommendation, type ReviewDecision } from '../domain/kpi/recommendation.ts';
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

/** What the run hears of a frozen review. */
export interface FrozenReview {
  hash: string;
  recommended?: ReviewDecision;
  clocks: ClockFacts;
}

/** The first freeze stays: one of before recommends nothing. */
function recommendedIn({ recommendation }: Record<string, unknown>): ReviewDecision | undefined {
  const parsed = Recommendation.safeParse(recommendation);
  return parsed.success ? parsed.data.decision : undefined;
}

export function kpiReviewActivities({ db }: Pick<ActivityDeps, 'db'>) {
  return {
    /**
     * Freezes the readings of a review, judges them against the frozen targets and stores both. The
     * first freeze of a review stays, whatever is read later.
     * @returns the hash over targets, readings and verdicts, what is recommended, and the clock of the review.
     */
    async freezeReview(question: ReviewQuestion): Promise<FrozenReview> {
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
      const { kpiTargets: targets = [], guardrails = [] } = brief.body;
      const key = { workspaceId, itemId };
      const piece = { ...key, ...comparedPiece(context) };
      const frozen = await inTransaction(db, async (tx) => {
        // A reading is in this review, or it comes after it and is noted as late.
        await lockReadings(tx, key);
        const readings = await listLatestReadings(tx, key);
        const ages = comparedAges({ targets, guardrails, readings });
        const past = await listPastFigures(tx, { ...piece, ages });
        const compared = comparedGrowth(readings);
        const pastGrowth = await listPastGrowth(tx, { ...piece, compared });
        const asked = { context, brief: brief.body, readings, past };
        const { hash: reviewHash, body, figures } = await judgeHereOrInThread(asked, key);
        const unavailable = await listUnavailable(tx, key);
        const row = await freezeKpiReview(tx, {
          id: reviewId,
          ...key,
          number,
          hash: reviewHash,
          body: {
            ...body,
            unavailable,
            ownGrowth: ownGrowth(compared, pastGrowth),
            frozenAt: at,
          },
        });
        if (row.hash === reviewHash) await saveFigures(tx, { ...piece, figures });
        return row;
      });
      const recommended = recommendedIn(frozen.body);
      return {
        hash: frozen.hash,
        ...(recommended !== undefined && { recommended }),
        clocks: await reviewClock(question),
      };
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
