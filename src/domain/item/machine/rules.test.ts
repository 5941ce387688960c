import { expect, it } from 'vitest';
import { pinPlaybook } from '../../playbook/pin.ts';
import { STANDARD_PLAYBOOK } from '../../playbook/standard.ts';
import { MACHINE_RULES, rulesOf } from './rules.ts';

it('are pinned by a new item, with its playbook', () => {
  const playbook = pinPlaybook(STANDARD_PLAYBOOK);
  expect(rulesOf({ playbook })).toEqual(MACHINE_RULES);
  expect(rulesOf({ playbook })).toMatchObject({ failedLookMinutes: 5, windowWithinAge: true });
  const own = { ...MACHINE_RULES, lookAgainMinutes: 1 };
  expect(rulesOf({ playbook: { ...playbook, rules: own } })).toBe(own);
});

it('of an item that pins none are those of the first items, for ever', () => {
  expect(rulesOf({ playbook: {} })).toEqual({
    clockPercents: [50, 80, 100, 150],
    clockUnitMinutes: { minutes: 1, hours: 60, business_hours: 60, business_days: 1_440 },
    lookAgainMinutes: 360,
    keptTextBytes: 800,
    sends: {
      maxSends: 5,
      maxAttempts: 200,
      maxAttemptsInAll: 1_000,
      retryAfterMs: 5_000,
      maxWaitMs: 60_000,
      maxWaitFrozenMs: 300_000,
      lastTryMs: 1_000,
    },
  });
});
