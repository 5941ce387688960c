import { PIECES_AT_LEAST } from '../../domain/kpi/benchmark.ts';
import { formatNumber } from '../../domain/kpi/format.ts';
import type { Growth, OwnPieces } from '../../domain/kpi/growth.ts';
import { type Section, section } from './document.ts';
import type { KpiReview } from './kpi-review-schema.ts';
import { NONE } from './words.ts';

export function growthSection({ growth }: KpiReview): Section {
  if (growth === null) return section('Growth', { text: [`${NONE}: no post has readings.`] });
  const { measure, points } = growth;
  // Reviews of before were not compared, and stay as they were.
  const isCompared = points.some(({ ownPieces }) => ownPieces !== undefined);
  return section('Growth', {
    text: isCompared ? [bandText(points)] : [],
    charts: points.length > 1 ? [{ kind: 'growth', growth }] : [],
    table: {
      head: ['At', measure, 'Posts', ...(isCompared ? ['Own pieces'] : [])],
      rows: points.map(({ checkpoint, value, have, of, ownPieces }) => [
        checkpoint,
        formatNumber(value),
        `${have} of ${of}`,
        ...(isCompared ? [ownGrowthText(ownPieces)] : []),
      ]),
    },
  });
}

/** What the band is, and why there is none. */
function bandText(points: Growth['points']): string {
  const without = points.filter(({ ownPieces }) => ownPieces?.median === null);
  const why = `fewer than ${PIECES_AT_LEAST} own pieces have this measure`;
  if (without.length === points.length) return `No band of own pieces: ${why}.`;
  const gaps = without.map(({ checkpoint }) => checkpoint).join(', ');
  return `The band is the 95 % interval of the median of own pieces at the same age.${gaps === '' ? '' : ` None at ${gaps}: ${why}.`}`;
}

/** The median with its interval, or how many pieces there are where they are too few. */
function ownGrowthText(own: OwnPieces | undefined): string {
  if (own === undefined) return '';
  const { median, low, high, pieces } = own;
  if (median === null || low === null || high === null)
    return `none: ${pieces} of ${PIECES_AT_LEAST}`;
  return `median ${formatNumber(median)} (${formatNumber(low)} to ${formatNumber(high)}) of ${pieces}`;
}
