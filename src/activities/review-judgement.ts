import { hashOf } from '../domain/canonical.ts';
import type { Brief } from '../domain/item/content/brief.ts';
import type { ItemContext } from '../domain/item/context.ts';
import { withGrown } from '../domain/kpi/growth.ts';
import type { MeasuredCheckpoint } from '../domain/kpi/measured.ts';
import type { Reading } from '../domain/kpi/measures.ts';
import { comparableFigures, type PastFigures } from '../domain/kpi/past-figures.ts';
import { latestOfEachOrigin } from '../domain/kpi/readings.ts';
import { recommend, recommendationInput } from '../domain/kpi/recommendation.ts';
import { reviewVerdicts } from '../domain/kpi/review.ts';
import { publishedOnes } from '../domain/kpi/roll-up/rollup.ts';
import { KpiId } from '../domain/kpi/verdict-schema.ts';
import { jobOf, runInThread } from '../threads/threads.ts';

/** More are judged in a thread: others wait for this one's loop. */
const JUDGED_HERE = 500;

/**
 * Targets, readings and verdicts of a review, with the hash over the three; what follows from them, the
 * recommendation; what else it was judged by, for whoever judges again; and its figures for later ones.
 */
export function judgeReview({
  context: { publications, reviews, ...context },
  brief,
  readings: known,
  past = [],
}: {
  context: Pick<ItemContext, 'publications' | 'reviews'> & {
    checkpoints: readonly MeasuredCheckpoint[];
  };
  brief: Pick<Brief, 'kpiTargets' | 'guardrails' | 'evergreen'>;
  readings: Reading[];
  past?: PastFigures[];
}) {
  const targets = (brief.kpiTargets ?? []).flatMap((target) => {
    const kpi = KpiId.safeParse(target.kpi);
    return kpi.success ? [{ ...target, kpi: kpi.data }] : [];
  });
  const readings = latestOfEachOrigin(known);
  const { guardrails = [], evergreen = false } = brief;
  const checkpoints = context.checkpoints.map(({ publicationId, checkpoint, state }) => ({
    publicationId,
    checkpoint,
    state,
  }));
  const verdicts = reviewVerdicts({
    targets,
    guardrails,
    readings,
    publications,
    checkpoints,
    past,
  });
  const recommendation = recommend(
    recommendationInput({
      verdicts,
      checkpoints,
      isLater: reviews.some(({ extendTo }) => extendTo !== null),
      evergreen,
    }),
  );
  return {
    body: {
      targets,
      guardrails,
      evergreen,
      checkpoints,
      past,
      readings,
      verdicts,
      recommendation,
    },
    hash: hashOf({ targets, readings, verdicts }),
    figures: withGrown(comparableFigures({ publications, readings }), {
      readings,
      posts: publishedOnes(publications).length,
    }),
  };
}

export const REVIEW = jobOf(import.meta, judgeReview);

/** The same; much of it in a thread. */
export async function judgeHereOrInThread(
  asked: Parameters<typeof judgeReview>[0],
  { workspaceId }: { workspaceId: string },
): Promise<ReturnType<typeof judgeReview>> {
  return asked.readings.length > JUDGED_HERE
    ? await runInThread(REVIEW, asked, { workspaceId })
    : judgeReview(asked);
}
