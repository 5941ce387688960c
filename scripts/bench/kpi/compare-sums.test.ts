import { expect, it } from 'vitest';
import { differentSums, reviewed, type Sum, sumsOfAnswer, sumsOfReview } from './compare-sums.ts';

const WHOLE: Sum = { part: '', checkpoint: '+7d', measure: 'shares', value: 12 };
const PART: Sum = { ...WHOLE, part: 'cha_1', value: 5 };

it('the sums of both are the same in any order', () => {
  expect(differentSums([WHOLE, PART], [PART, WHOLE])).toEqual([]);
});

it.each([
  ['another value', [WHOLE, { ...PART, value: 6 }], 'cha_1 +7d shares: 6 and by SQL 5'],
  ['a sum too few', [WHOLE], 'cha_1 +7d shares: none and by SQL 5'],
  [
    'a sum too many',
    [WHOLE, PART, { ...PART, part: 'cha_2' }],
    'cha_2 +7d shares: 5 and by SQL none',
  ],
  ['nothing at all', [], 'whole +7d shares: none and by SQL 12'],
])('%s is seen', (_, ours, difference) => {
  expect(differentSums(ours, [WHOLE, PART])).toContain(difference);
});

it('a sum that is there twice hides none of another', () => {
  expect(() => differentSums([WHOLE, WHOLE], [WHOLE])).toThrow('twice');
});

it('an answer is read part by part, with gross sums under their measure', () => {
  const measures = { shares: { value: 5 }, gross_reach: { value: 9, coverage: {} } };
  const answer = {
    items: [{ scope: 'channel:cha_1', checkpoints: [{ checkpoint: '+7d', measures }] }],
  };
  expect(sumsOfAnswer(answer)).toEqual([PART, { ...PART, measure: 'reach', value: 9 }]);
});

it('a review states sums of the whole item, at the age that it judges', () => {
  const row = { scope: 'item', checkpoint: '+90d' };
  const answer = {
    verdicts: [
      { ...row, kpi: 'content_traffic', value: 7 },
      { ...row, kpi: 'pages_per_session', value: 2, numerator: 14, denominator: 7 },
      { ...row, kpi: 'click_through_rate', value: null },
      { ...row, kpi: 'click_through_rate', scope: 'publication:pub_1', numerator: 1 },
    ],
  };
  const at = { part: '', checkpoint: '+90d' };
  const sums = [
    { ...at, measure: 'sessions', value: 7 },
    { ...at, measure: 'pageviews', value: 14 },
  ];
  expect(sumsOfReview(answer)).toEqual(sums);
  const others = [
    { ...at, measure: 'shares', value: 1 },
    { ...at, checkpoint: '+7d', measure: 'sessions', value: 1 },
  ];
  expect(reviewed([...sums, ...others])).toEqual(sums);
});
