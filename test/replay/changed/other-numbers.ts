import { MACHINE_RULES, type MachineRules } from '../../../src/domain/item/machine/rules.ts';

export { contentItem } from '../../../src/workflows/content-item.ts';
export { historyArchive } from '../../../src/workflows/history-archive.ts';

/** The workflows of a release whose machine has other numbers, one and all. */
const OTHER_RULES: MachineRules = {
  clockPercents: [10, 20, 100, 900],
  clockUnitMinutes: { minutes: 2, hours: 90, business_hours: 30, business_days: 480 },
  lookAgainMinutes: 1,
  failedLookMinutes: 1,
  keptTextBytes: 20,
  sends: {
    maxSends: 1,
    maxAttempts: 2,
    maxAttemptsInAll: 2,
    retryAfterMs: 1,
    maxWaitMs: 1,
    maxWaitFrozenMs: 1,
    lastTryMs: 1,
  },
};
Object.assign(MACHINE_RULES, OTHER_RULES);
