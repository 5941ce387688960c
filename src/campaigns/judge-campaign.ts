import type { CampaignMeasures } from '../db/campaign/measures.ts';
import { hashOf } from '../domain/canonical.ts';
import { campaignVerdicts } from '../domain/kpi/review.ts';
import type { KpiTarget } from '../domain/kpi/targets.ts';
import type { ReviewVerdicts } from '../domain/kpi/verdict-schema.ts';
import { jobOf } from '../threads/threads.ts';

/** The verdicts of a campaign and of its accounts, with the hash over targets, sums of readings and verdicts. */
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
  return { verdicts, hash: hashOf({ targets, items, verdicts }) };
}

export const CAMPAIGN_REVIEW = jobOf(import.meta, judgeCampaign);
