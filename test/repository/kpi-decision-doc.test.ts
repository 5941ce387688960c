import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatNumber, formatValue } from '../../src/domain/kpi/format.ts';
import {
  RECOMMENDATION_INPUTS,
  RECOMMENDATION_TABLE,
  type RecommendationRow,
  recommend,
  recommendationInput,
} from '../../src/domain/kpi/recommendation.ts';
import { reviewVerdicts } from '../../src/domain/kpi/review.ts';
import { PUBLICATIONS, readingsOf } from '../support/readings.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/kpi-review.md'), 'utf8');
const prose = page.replaceAll(/\s+/g, ' ');
const PARTS = Object.keys(RECOMMENDATION_INPUTS) as (keyof RecommendationRow['when'])[];

function line({ number, when, decision, reason }: RecommendationRow): string {
  const cells = PARTS.map((part) => when[part]?.join(', ') ?? 'any');
  return `| ${[number, ...cells, `\`${decision}\``, reason].join(' | ')} |`;
}

it('the page shows the table of recommendations as it is', () => {
  const shown = page.split('\n').filter((text) => /^\| \d+ \|/.test(text));
  expect(shown).toEqual(RECOMMENDATION_TABLE.map(line));
  expect(page).toContain(`| row | ${PARTS.join(' | ')} | recommends | because |`);
});

it('the worked example has the numbers that Baton computes', () => {
  const [post] = PUBLICATIONS;
  const at = { publicationId: post.id, checkpoint: '+7d' };
  const verdicts = reviewVerdicts({
    targets: [
      { kpi: 'click_through_rate', target: 0.03, checkpoint: '+7d', primary: true },
      { kpi: 'shares', target: 25, checkpoint: '+7d' },
      { kpi: 'audience_reactions', target: 200, checkpoint: '+7d' },
    ],
    readings: readingsOf({ impressions: 10_000, link_clicks: 210, shares: 31, reactions: 240 }, at),
    publications: [post],
    checkpoints: [{ ...at, state: 'recorded' }],
  });
  const primary = verdicts.rows.find((row) => row.primary);
  const { value = null, low = 0, high = 0 } = primary ?? {};
  expect(prose).toContain(
    `${formatNumber(210)} clicks of ${formatNumber(10_000)} impressions are ${formatValue('fraction', value ?? 0)}`,
  );
  expect(prose).toContain(
    `from ${formatValue('fraction', low)} to ${formatValue('fraction', high)}`,
  );
  expect(primary?.verdict).toBe('missed');
  const input = recommendationInput({
    verdicts,
    checkpoints: [{ checkpoint: '+7d', state: 'recorded' }],
    isLater: false,
    evergreen: false,
  });
  const { row, decision } = recommend(input);
  expect(prose).toContain(`That is row ${row}: \`${decision}\``);
  for (const [part, found] of Object.entries(input))
    expect(prose).toContain(`${part} \`${found}\``);
});
