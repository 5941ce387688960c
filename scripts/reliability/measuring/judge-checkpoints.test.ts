import { expect, it } from 'vitest';
import { judgeCheckpoints, type SeenCheckpoint } from './judge-checkpoints.ts';

const SET = { shares: 1, saves: 1 };
const WHOLE: SeenCheckpoint = {
  itemId: 'itm_1',
  checkpoint: '+24h',
  dueAt: '2026-03-03T08:00:00.000Z',
  settledAt: '2026-03-03T08:00:02.000Z',
  recorded: 1,
  missing: 0,
  sets: [SET],
};
const MEASURES = ['shares', 'saves'];

function judge(change: Partial<SeenCheckpoint>, wanted = 1) {
  return judgeCheckpoints([{ ...WHOLE, ...change }], { wanted, measures: MEASURES });
}

it('a checkpoint that is recorded once with a whole set holds', () => {
  expect(judge({})).toEqual({ lost: 0, duplicated: 0, violations: [], latenessMs: [2_000] });
});

it.each([
  ['half a set', { sets: [{ shares: 1 }] }, { lost: 1, duplicated: 0 }],
  [
    'a set that was completed later',
    { sets: [{ shares: 1 }, { saves: 1 }] },
    { lost: 1, duplicated: 0 },
  ],
  ['no set', { sets: [] }, { lost: 1, duplicated: 0 }],
  ['no event', { recorded: 0, settledAt: null }, { lost: 1, duplicated: 0 }],
  ['missing', { recorded: 0, missing: 1 }, { lost: 1, duplicated: 0 }],
  ['one set twice over', { sets: [{ shares: 2, saves: 2 }] }, { lost: 0, duplicated: 1 }],
  ['two sets', { sets: [SET, SET] }, { lost: 0, duplicated: 1 }],
  ['a set and a half', { sets: [{ shares: 2, saves: 1 }] }, { lost: 0, duplicated: 1 }],
  ['two events', { recorded: 2 }, { lost: 0, duplicated: 1 }],
  ['both kinds of events', { recorded: 1, missing: 1 }, { lost: 0, duplicated: 1 }],
])('%s does not', (_what, change, counts) => {
  const judged = judge(change);
  expect(judged).toMatchObject(counts);
  expect(judged.violations).toHaveLength(1);
});

it('a set and half of another one are seen as both', () => {
  const judged = judge({ sets: [SET, { shares: 1 }] });
  expect(judged).toMatchObject({ lost: 1, duplicated: 1 });
  expect(judged.violations).toEqual([
    'itm_1 +24h was stored in parts, by 2 transactions',
    'itm_1 +24h was stored or recorded 2 times',
  ]);
});

it('a checkpoint that nobody planned is lost', () => {
  expect(judge({}, 3)).toMatchObject({ lost: 2, violations: ['2 checkpoints were never planned'] });
});
