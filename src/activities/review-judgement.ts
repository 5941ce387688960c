import { hashOf } from '../domain/canonical.ts';
import type { Brief } from '../domain/item/content/brief.ts';
import type { ItemContext } from '../domain/item/context.ts';
import type { Reading } from '../domain/kpi/measures.ts';
import { comparableFigures, type PastFigures } from '../domain/kpi/past-figures.ts';
import { latestOfEachOrigin } from '../domain/kpi/readings.ts';
import { reviewVerdicts } from '../domain/kpi/review.ts';
import { KpiId } from '../domain/kpi/verdict-schema.ts';
import { jobOf } from '../threads/threads.ts';

/** Targets, readings and verdicts of a review, with the hash over the three, and its figures for later ones. */
export function judgeReview({
  context: { publications, checkpoints },
  targets: stated,
  guardrails = [],
  readings: known,
  past = [],
}: {
  context: Pick<ItemContext, 'publications' | 'checkpoints'>;
  targets: NonNullable<Brief['kpiTargets']>;
  guardrails?: NonNullable<Brief['guardrails']>;
  readings: Reading[];
  past?: PastFigures[];
}) {
  const targets = stated.flatMap((target) => {
    const kpi = KpiId.safeParse(target.kpi);
    return kpi.success ? [{ ...target, kpi: kpi.data }] : [];
  });
  const readings = latestOfEachOrigin(known);
  const verdicts = reviewVerdicts({
    targets,
    guardrails,
    readings,
    publications,
    checkpoints,
    past,
  });
  const body = { targets, readings, verdicts };
  return { body, hash: hashOf(body), figures: comparableFigures({ publications, readings }) };
}

export const REVIEW = jobOf(import.meta, judgeReview);
