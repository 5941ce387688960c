import type { CampaignMeasures } from '../db/campaign/measures.ts';
import { hashOf } from '../domain/canonical.ts';
import { recommend, recommendationInput } from '../domain/kpi/recommendation.ts';
import { campaignVerdicts } from '../domain/kpi/review.ts';
import type { KpiTarget } from '../domain/kpi/targets.ts';
import type { ReviewVerdicts } from '../domain/kpi/verdict-schema.ts';
import { jobOf } from '../threads/threads.ts';

/**
 * The verdicts of a campaign and of its accounts, with the hash over targets, sums of readings and verdicts,
 * and what follows from them: the recommendation.
 */
export function judgeCampaign({
  targets,
  measures: { items, planned },
}: {
  targets: KpiTarget[];
  measures: Pick<CampaignMeasures, 'items' | 'planned'>;
}) {
  const { rows, ...judged } = campaignVerdicts({ targets, items, planned, parts: 'accounts' });
  // A sum has no id; the readings behind it are those of the items.
  const verdicts: ReviewVerdicts = {
    ...judged,
    rows: rows.map((row) => ({ ...row, readings: [] })),
    readings: [],
  };
  const recommendation = recommend(
    // A campaign is measured no longer than its items are, and is repeated as one that has its dates.
    recommendationInput({ verdicts, checkpoints: planned, isLater: true, evergreen: false }),
  );
  return { verdicts, recommendation, hash: hashOf({ targets, items, verdicts }) };
}

export const CAMPAIGN_REVIEW = jobOf(import.meta, judgeCampaign);
