import type { CampaignMeasures } from '../db/campaign/measures.ts';
import { hashOf } from '../domain/canonical.ts';
import { latestOfEachOrigin } from '../domain/kpi/readings.ts';
import { campaignVerdicts } from '../domain/kpi/review.ts';
import type { KpiTarget } from '../domain/kpi/targets.ts';
import { jobOf } from '../threads/threads.ts';

/** The verdicts of a campaign and of its accounts, with the hash over targets, readings and verdicts. */
export function judgeCampaign({
  targets,
  measures,
}: {
  targets: KpiTarget[];
  measures: CampaignMeasures;
}) {
  const items = measures.map(({ readings, ...item }) => ({
    ...item,
    readings: latestOfEachOrigin(readings),
  }));
  const verdicts = campaignVerdicts({ targets, items, parts: 'accounts' });
  const readings = items.map((item) => item.readings);
  return { verdicts, hash: hashOf({ targets, readings, verdicts }) };
}

export const CAMPAIGN_REVIEW = jobOf(import.meta, judgeCampaign);
