import { lateFlips } from '../../campaigns/late-changes.ts';
import type { CampaignReviewRow } from '../../db/campaign/reviews.ts';
import type { Db } from '../../db/client.ts';
import type { Page } from '../../db/paging.ts';
import { checkpointAgeHours } from '../../domain/kpi/readings.ts';
import type { RolledPart } from './rolled-parts.ts';

type RolledRow = RolledPart['checkpoints'][number]['kpis'][number];

/** Marks what readings turned that came after the review of the campaign was frozen. */
export async function besideReview(
  db: Db,
  page: Page<RolledPart>,
  review: CampaignReviewRow,
): Promise<Page<RolledPart>> {
  const { rows } = review.body.verdicts;
  // By another target it is another question.
  const frozenOf = ({ kpi, checkpoint, target }: RolledRow) =>
    rows.find(
      (row) =>
        row.scope === 'campaign' &&
        row.kpi === kpi &&
        row.target !== null &&
        row.target === target &&
        isSameAge(row.checkpoint, checkpoint),
    );
  const shown = page.items.flatMap(({ checkpoints }) => checkpoints.flatMap(({ kpis }) => kpis));
  const differing = shown.filter((row) => {
    const frozen = frozenOf(row);
    return frozen !== undefined && frozen.verdict !== row.verdict;
  });
  if (differing.length === 0) return page;
  // A verdict is another one also by items that joined since, and once what was missing is not waited for.
  const flips = await lateFlips(db, review);
  const mark = (row: RolledRow): RolledRow => {
    const frozen = differing.includes(row) ? frozenOf(row) : undefined;
    const isTurned = flips.some(
      ({ scope, kpi, checkpoint }) =>
        scope === 'campaign' && kpi === frozen?.kpi && checkpoint === frozen.checkpoint,
    );
    return frozen !== undefined && isTurned ? { ...row, reviewed: frozen.verdict } : row;
  };
  const items = page.items.map((part) => ({
    ...part,
    checkpoints: part.checkpoints.map((at) => ({ ...at, kpis: at.kpis.map(mark) })),
  }));
  return { ...page, items };
}

/** `+1d` and `+24h` are one checkpoint. */
function isSameAge(one: string | null, other: string | null): boolean {
  const age = checkpointAgeHours(one ?? '');
  return age === null ? one === other : age === checkpointAgeHours(other ?? '');
}
