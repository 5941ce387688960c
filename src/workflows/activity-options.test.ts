import { expect, it } from 'vitest';
import { reconcileOptions } from './activity-options.ts';

const NOW = Date.parse('2026-04-01T08:00:00Z');

it('a look-up goes on until the time of its post is over, however often it fails', () => {
  const { retry, scheduleToCloseTimeout } = reconcileOptions('2026-04-01T08:15:00Z', NOW);
  expect(retry).not.toHaveProperty('maximumAttempts');
  expect(scheduleToCloseTimeout).toBe((15 + 3) * 60_000);
});

it('a look-up of a post whose time is over has three minutes', () => {
  const { scheduleToCloseTimeout } = reconcileOptions('2026-03-01T08:00:00Z', NOW);
  expect(scheduleToCloseTimeout).toBe(3 * 60_000);
});
