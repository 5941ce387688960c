import { describe, expect, it } from 'vitest';
import { pressingAfter } from './backlogs.ts';

const queue = { of: 'baton workflow', evidence: {} };
const BEFORE = { [queue.of]: '2026-01-01T00:00:00.000Z', outbox: '2026-01-01T00:00:00.000Z' };
const NOW = '2026-01-01T00:01:00.000Z';

describe('what the next look is told', () => {
  it('keeps since when a queue pressed that could not be asked', () => {
    expect(pressingAfter({ pressures: [], unasked: [queue.of] }, BEFORE, NOW)).toEqual({
      [queue.of]: BEFORE[queue.of],
    });
  });

  it('forgets what was asked and presses no more', () => {
    expect(pressingAfter({ pressures: [], unasked: [] }, BEFORE, NOW)).toEqual({});
  });

  it('has what presses since it was first seen', () => {
    const now = { pressures: [queue, { of: 'deliveries', evidence: {} }], unasked: [] };
    expect(pressingAfter(now, BEFORE, NOW)).toEqual({
      [queue.of]: BEFORE[queue.of],
      deliveries: NOW,
    });
  });
});
