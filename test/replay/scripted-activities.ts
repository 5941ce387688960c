import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../src/activities/index.ts';
import type { FrozenReview } from '../../src/activities/kpi-review.ts';
import type { CheckpointAnswer } from '../../src/activities/measuring.ts';
import type { Reconciliation } from '../../src/activities/publishing/reconciling.ts';
import type { SendAttempt } from '../../src/activities/publishing/send-attempt.ts';
import type { PublicationOutcome } from '../../src/domain/channel/publication-intent.ts';

/** What an attempt to send or to look up says; null: it dies without an answer. */
type Answer = SendAttempt | Reconciliation | null;

const evidence = 'as the path has it';
const published = {
  outcome: 'published',
  remoteId: 'post-1',
  permalink: 'https://social.example/post-1',
  evidence,
} as const;
const unknown = { outcome: 'unknown', evidence } as const;
const part = { published: 1, of: 2 };

/** The ways on which each outcome of a post comes about: every second entry after `unknown` is a look-up. */
const WAYS: Record<PublicationOutcome['outcome'], Answer[][]> = {
  published: [
    [{ outcome: 'wait', waitMs: 1_000, evidence }, { outcome: 'not_sent', evidence }, published],
    [unknown, { outcome: 'not_sent' }, unknown, { outcome: 'send_again' }, published],
    [unknown, { outcome: 'go_on', part }, { outcome: 'go_on', evidence, part }, published],
    [null, published],
    [published],
  ],
  rejected: [[{ outcome: 'rejected', evidence }], [unknown, { outcome: 'rejected', evidence }]],
  unknown: [[{ outcome: 'ask_person', evidence }], [unknown, unknown], [unknown, null]],
  hash_mismatch: [
    [{ outcome: 'hash_mismatch', evidence }],
    [unknown, { outcome: 'hash_mismatch', evidence }],
  ],
  missed: [[{ outcome: 'missed', evidence }], [unknown, { outcome: 'missed', evidence }]],
};

/** What a look for readings says; null: it dies without an answer. */
type Look = CheckpointAnswer | null;

const FAILED = {
  askAgainMs: 60_000,
  unavailable: [{ source: 'counter', reason: 'away, as the path has it' }],
};

/** The looks that settle a checkpoint; whoever looks further finds the last. One that dies settles none. */
const LOOKS: Record<'checkpoint_recorded' | 'checkpoint_missed', Look[][]> = {
  checkpoint_recorded: [[{ recorded: true }], [{ recorded: true, ...FAILED }, { recorded: true }]],
  checkpoint_missed: [
    [null, { recorded: false }],
    [{ recorded: false }],
    [{ recorded: false, ...FAILED, askAgainMs: null }],
  ],
};

const turns = new Map<string, number>();

function nextOf<T>(outcome: string, ways: readonly T[][]): T[] {
  const turn = turns.get(outcome) ?? 0;
  turns.set(outcome, turn + 1);
  return ways[turn % ways.length] ?? [];
}

/** Each send that comes to an outcome takes another way there. */
export function nextWay(outcome: PublicationOutcome['outcome']): Answer[] {
  return nextOf(outcome, WAYS[outcome]);
}

/** The same of looks for readings. */
export function nextLooks(type: keyof typeof LOOKS): Look[] {
  return nextOf(type, LOOKS[type]);
}

/** Hands values from a path to the activity that waits for them, in turn. */
class Turns<T> {
  readonly #values: T[] = [];
  readonly #waiting: ((value: T) => void)[] = [];

  give(...values: T[]): void {
    for (const value of values) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#values.push(value);
      else waiting(value);
    }
  }

  /** A path may end before its services have answered: then the worker's end is theirs. */
  take(): Promise<T> {
    const [value] = this.#values.splice(0, 1);
    return value === undefined
      ? Promise.race([
          new Promise<T>((resolve) => this.#waiting.push(resolve)),
          Context.current().cancelled,
        ])
      : Promise.resolve(value);
  }
}

/** What the services of one item answer, as its path has it. */
export class Script {
  readonly sends = new Turns<Answer>();
  readonly reviews = new Turns<Omit<FrozenReview, 'clocks'>>();
  /** What looks for readings find, one after the other. */
  looks: Look[] = [];

  look(): Look {
    const [found = { recorded: true }] = this.looks;
    if (this.looks.length > 1) this.looks = this.looks.slice(1);
    return found;
  }
}

function orDie<T>(answer: T | null): T {
  if (answer === null) throw ApplicationFailure.nonRetryable('away, as the path has it');
  return answer;
}

/** The activities of the program without its tables and networks: they say what the paths have. */
export function scriptedActivities(scriptOf: (itemId: string) => Script): Activities {
  return {
    items: { archiveHistory: async () => {} },
    sends: {
      sendPublication: async ({ order }) =>
        orDie(await scriptOf(order.itemId).sends.take()) as SendAttempt,
    },
    lookups: {
      reconcilePublication: async ({ order }) =>
        orDie(await scriptOf(order.itemId).sends.take()) as Reconciliation,
    },
    measuring: {
      collectReadings: async ({ itemId }) => orDie(scriptOf(itemId).look()),
    },
    recording: {
      recordEvents: async () => {},
      freezeReview: async ({ itemId }) => ({
        ...(await scriptOf(itemId).reviews.take()),
        clocks: {},
      }),
    },
    watch: {
      tidyAll: async () => ({}),
      listShards: async () => [],
      watchShard: async () => ({ workspaces: 0, failed: 0 }),
      recordCheckpoints: async () => ({ recorded: 0, failed: 0 }),
      readSettled: async () => ({ settled: 0, postponed: 0 }),
    },
    delivery: {
      lookAtCampaign: async () => ({ isOver: true, waitMs: 0 }),
      deliverDue: async () => null,
    },
  };
}
