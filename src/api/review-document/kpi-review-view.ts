import { z } from '@hono/zod-openapi';
import type { StageChange } from '../../db/item/item-events.ts';
import type { KpiReviewRow, SignOffText } from '../../db/item/kpi-reviews.ts';
import type { LearningRow } from '../../db/item/learnings.ts';
import type { BriefRow } from '../../db/item/versions.ts';
import type { ItemContext, Review } from '../../domain/item/context.ts';
import { rolesYetToSign } from '../../domain/item/responsible.ts';
import { isAgainstAdvice, leadDecision } from '../../domain/item/review-decision.ts';
import { besideOwn, growthOf, OwnGrowth } from '../../domain/kpi/growth.ts';
import type { Reading } from '../../domain/kpi/measures.ts';
import type { PastFigures } from '../../domain/kpi/past-figures.ts';
import {
  isStated,
  latestOfEachOrigin,
  latestReadings,
  seriesKey,
} from '../../domain/kpi/readings.ts';
import { Recommendation } from '../../domain/kpi/recommendation.ts';
import { reviewVerdicts } from '../../domain/kpi/review.ts';
import { completenessOf, effortOf, extremesOf, funnelOf } from '../../domain/kpi/review-summary.ts';
import { publishedOnes } from '../../domain/kpi/roll-up/rollup.ts';
import type { KpiTarget } from '../../domain/kpi/targets.ts';
import { ReviewVerdicts } from '../../domain/kpi/verdict-schema.ts';
import { jobOf } from '../../threads/threads.ts';
import { type KpiReview, type ReviewReading, Target, Unavailable } from './kpi-review-schema.ts';
import { learningView } from './learning-view.ts';

/** What the worker stores when it freezes a review (activities/kpi-review.ts). */
const FrozenBody = z.object({
  targets: z.array(Target),
  // Judged when they were stored, and there may be thousands.
  readings: z.array(z.custom<Reading>()),
  verdicts: ReviewVerdicts,
  recommendation: Recommendation.optional(),
  unavailable: z.array(Unavailable).default([]),
  ownGrowth: OwnGrowth.default([]),
  frozenAt: z.string(),
});

/** What is kept of a review and its item beside its numbers. */
export interface ReviewSurroundings {
  title: string;
  /** When the item was in which stage. */
  stages: readonly StageChange[];
  /** Where a stage ends that is not over. */
  now: string;
  learnings: readonly LearningRow[];
  /** Names of those who signed, by their ids. */
  names: ReadonlyMap<string, string>;
  carriedOnBy: string | null;
}

function around(
  { title, stages, now, learnings, names, carriedOnBy }: ReviewSurroundings,
  context: ItemContext,
  review: Review | undefined,
  texts: readonly SignOffText[],
): Pick<KpiReview, 'title' | 'effort' | 'learnings' | 'decision' | 'carriedOnBy'> {
  const approvers = new Set(
    context.approvals.flatMap(({ decisions }) => decisions.map(({ memberId }) => memberId)),
  );
  const lead = review?.signOffs.find(({ role }) => role === 'strategist');
  const decision = review === undefined ? null : leadDecision(review);
  const comment = texts.findLast(({ role, kind }) => role === 'strategist' && kind === 'comment');
  const name = names.get(lead?.memberId ?? '');
  return {
    title,
    effort: effortOf(stages, { rounds: context.round, approvers: approvers.size, until: now }),
    learnings: learnings.map(learningView),
    decision:
      review === undefined || lead === undefined || decision === null
        ? null
        : {
            decision,
            owner: { memberId: lead.memberId, ...(name !== undefined && { name }) },
            at: lead.at,
            ...(comment !== undefined && { comment: comment.text }),
            isAgainst: isAgainstAdvice(review, decision),
          },
    ...(carriedOnBy !== null && { carriedOnBy }),
  };
}

/** What follows from the numbers alone. */
function summaryOf(
  {
    targets,
    readings,
    verdicts,
    unavailable,
    own,
  }: {
    targets: readonly KpiTarget[];
    readings: readonly Reading[];
    verdicts: ReviewVerdicts;
    unavailable: KpiReview['unavailable'];
    own: OwnGrowth;
  },
  { publications, checkpoints }: Pick<ItemContext, 'publications' | 'checkpoints'>,
): Pick<KpiReview, 'completeness' | 'extremes' | 'growth' | 'funnel'> {
  const posts = publishedOnes(publications).length;
  return {
    completeness: completenessOf(targets, checkpoints, { readings, unavailable }),
    extremes: extremesOf(verdicts),
    growth: besideOwn(growthOf(readings, posts), own),
    funnel: funnelOf(readings),
  };
}

/** A review as it was frozen, with what was written with its sign-offs. */
export function frozenReviewView(
  row: KpiReviewRow,
  context: ItemContext,
  texts: readonly SignOffText[],
  surroundings: ReviewSurroundings,
): KpiReview {
  const frozen = FrozenBody.parse(row.body);
  const { targets, readings, verdicts, recommendation, unavailable, frozenAt } = frozen;
  const review = context.reviews.find(({ number }) => number === row.number);
  const isLatest = review !== undefined && review === context.reviews.at(-1);
  return {
    itemId: row.itemId,
    frozen: true,
    reviewId: row.id,
    number: row.number,
    hash: row.hash,
    frozenAt,
    targets,
    ...verdictsView(verdicts),
    ...(recommendation !== undefined && { recommendation }),
    ...originsOf(readings, verdicts),
    checkpoints: context.checkpoints,
    unavailable,
    signOffs: (review?.signOffs ?? []).map((signOff) => ({
      ...signOff,
      ...Object.fromEntries(
        texts.filter(({ role }) => role === signOff.role).map(({ kind, text }) => [kind, text]),
      ),
    })),
    missing: isLatest ? rolesYetToSign(context) : [],
    ...summaryOf({ targets, readings, verdicts, unavailable, own: frozen.ownGrowth }, context),
    ...around(surroundings, context, review, texts),
  };
}

/** What the readings say before a review is frozen. Nothing can be signed on it. */
export function previewReview({
  context,
  brief,
  readings,
  surroundings,
  past,
  own,
  unavailable,
}: {
  context: ItemContext;
  brief: BriefRow | null;
  readings: readonly Reading[];
  surroundings: ReviewSurroundings;
  past: readonly PastFigures[];
  own: OwnGrowth;
  unavailable: KpiReview['unavailable'];
}): KpiReview {
  const known = latestOfEachOrigin(readings);
  const targets: KpiTarget[] = brief?.body.kpiTargets ?? [];
  const { publications, checkpoints } = context;
  const verdicts = reviewVerdicts({
    targets,
    guardrails: brief?.body.guardrails ?? [],
    readings: known,
    publications,
    checkpoints,
    past,
  });
  const review = context.reviews.at(-1) ?? null;
  return {
    itemId: context.itemId,
    frozen: false,
    reviewId: review?.id ?? null,
    number: review?.number ?? null,
    hash: null,
    frozenAt: null,
    targets,
    ...verdictsView(verdicts),
    ...originsOf(known, verdicts),
    checkpoints,
    unavailable,
    signOffs: review?.signOffs ?? [],
    missing: review === null ? [] : rolesYetToSign(context),
    ...summaryOf({ targets, readings: known, verdicts, unavailable, own }, context),
    ...around(surroundings, context, review ?? undefined, []),
  };
}

export const PREVIEW = jobOf(import.meta, previewReview);

function verdictsView({ rows: verdicts, ...summary }: ReviewVerdicts) {
  return { verdicts, ...summary };
}

/** The numbers behind the verdicts, each beside what it outranks: by people and by sources. */
function originsOf(
  readings: readonly Reading[],
  { readings: used }: ReviewVerdicts,
): Pick<KpiReview, 'stated' | 'measured'> {
  const usedIds = new Set(used);
  const series = new Set(readings.filter(({ id }) => usedIds.has(id)).map(seriesKey));
  const shown = readings.filter((reading) => series.has(seriesKey(reading)));
  const countingIds = new Set(latestReadings(shown).map(({ id }) => id));
  const viewOf = (reading: Reading): ReviewReading => {
    const { provisional: _, definition: __, ...rest } = reading;
    return { ...rest, counts: countingIds.has(reading.id) };
  };
  return {
    stated: shown.filter(isStated).map(viewOf),
    measured: shown.filter((reading) => !isStated(reading)).map(viewOf),
  };
}
