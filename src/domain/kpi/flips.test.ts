import { expect, it } from 'vitest';
import { PUBLICATIONS, readingsOf } from '../../../test/support/readings.ts';
import { flipsBetween, flipsOfSums } from './flips.ts';
import { reviewVerdicts } from './review.ts';

const [POST] = PUBLICATIONS;

function judged(shares: number, asOf: string) {
  return reviewVerdicts({
    targets: [{ kpi: 'shares', target: 50, checkpoint: '+7d' }],
    guardrails: [{ kpi: 'shares', checkpoint: '+7d' }],
    publications: [POST],
    readings: readingsOf(
      { shares },
      { publicationId: POST.id, checkpoint: '+7d', asOf, id: `rdg_${asOf}` },
    ),
    checkpoints: [{ publicationId: POST.id, checkpoint: '+7d', state: 'recorded' }],
    past: [
      {
        scope: 'item',
        ageHours: 168,
        figure: 'shares:shares',
        values: [50, 51, 52, 53, 54, 55, 56, 57, 58],
      },
    ],
  });
}

it('names what other readings turned: verdicts about targets, and guardrails', () => {
  const before = judged(200, '2026-03-09T08:00:00.000Z');
  const after = judged(1, '2026-03-10T08:00:00.000Z');
  const flips = flipsBetween(before, after).filter(({ scope }) => scope === 'item');
  expect(flips).toContainEqual(
    expect.objectContaining({ kpi: 'shares', primary: true, was: 'met', is: 'missed', value: 1 }),
  );
  expect(flips.filter(({ role }) => role === null)).toMatchObject([
    { kpi: 'shares', checkpoint: '+7d', was: 'held', is: 'broken', valueWas: 200, value: 1 },
  ]);
  expect(flipsBetween(before, before)).toEqual([]);
  // Nothing but readings: by time or by other pieces alone none is turned.
  const aged = { ...after, rows: after.rows.map((row) => ({ ...row, readings: [] })) };
  const early = { ...before, rows: before.rows.map((row) => ({ ...row, readings: [] })) };
  expect(flipsBetween(early, { ...aged, guardrails: [] })).toEqual([]);
  // Sums name no readings: another value is by others, the same value is by none.
  expect(flipsOfSums(early, aged)).toContainEqual(
    expect.objectContaining({ kpi: 'shares', was: 'met', is: 'missed', valueWas: 200, value: 1 }),
  );
  const turned = { rows: early.rows.map((row) => ({ ...row, verdict: 'missed' as const })) };
  expect(flipsOfSums(early, turned)).toEqual([]);
});
