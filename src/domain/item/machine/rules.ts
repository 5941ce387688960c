import type { Duration } from '../../playbook/playbook.ts';

/**
 * Numbers of the machine and of its run that decide what becomes of an item. An item pins those of the
 * day it starts, beside its playbook: another release has others for new items only.
 */
export interface MachineRules {
  /** When people are told of a stage's clock. The third is the deadline itself. */
  clockPercents: readonly [number, number, 100, number];
  /** Units of a clock in plain time, where no calendar could be asked. */
  clockUnitMinutes: Readonly<Record<Duration['unit'], number>>;
  /** A checkpoint without readings is looked at again this often until its grace ends. */
  lookAgainMinutes: number;
  /** A look that failed is repeated so soon; absent: like one that found nothing. */
  failedLookMinutes?: number;
  /** Sources are asked for no longer than the age itself: an hour later, +1h is another age. */
  windowWithinAge?: true;
  /** What an item keeps of a text; the event has it whole. */
  keptTextBytes: number;
  sends: SendRules;
}

/** How patiently a post is sent. */
export interface SendRules {
  /** Sends of one text in all, where a look-up found nothing of the one before and its key makes a further one harmless. */
  maxSends: number;
  /** Attempts of one post. */
  maxAttempts: number;
  /** Attempts of all posts of an item: each leaves entries in the history of its run. */
  maxAttemptsInAll: number;
  /** After the first attempt that a channel did not take; doubles with every further one. */
  retryAfterMs: number;
  /** Longest wait for what may end sooner than it says, such as a channel or a database that is away. */
  maxWaitMs: number;
  /** Longest wait for a freeze to be lifted: a whole workspace may be waiting. */
  maxWaitFrozenMs: number;
  /** What ends at no known time is asked for once more so shortly before the order's own end. */
  lastTryMs: number;
}

/** Those of an item that pins none: its run began before items did. They stay as they are. */
const FIRST_RULES: MachineRules = {
  clockPercents: [50, 80, 100, 150],
  clockUnitMinutes: { minutes: 1, hours: 60, business_hours: 60, business_days: 24 * 60 },
  lookAgainMinutes: 6 * 60,
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
};

const NEW_RULES = { failedLookMinutes: 5, windowWithinAge: true } as const;

/** What a new item pins. A release with other numbers has them here. */
export const MACHINE_RULES: MachineRules = { ...FIRST_RULES, ...NEW_RULES };

/** The rules that an item is under. */
export function rulesOf({ playbook }: { playbook: { rules?: MachineRules } }): MachineRules {
  return playbook.rules ?? FIRST_RULES;
}
