import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const PRELOAD = join(import.meta.dirname, 'replace-module.ts');

const WORKER = 'worker.ts';
const API = 'src/api/server.ts';
const CHANNELS = 'src/channels/registry.ts';
const SENDER = 'src/commands/command-sender.ts';
const CONFIG = 'src/config.ts';
const REPLIES_USER = 'src/activities/source-replies.ts';
const REPLIES = 'src/db/item/checkpoint-replies.ts';
/** Whoever imports the module gets the other one. */
const EVERY = null;

/** Each part that a line may put in the place of one of a program. */
const PARTS = {
  /** The HTTP client says which process it belongs to. */
  namedHttpClient: [WORKER, 'src/http/http-client.ts', 'parts/named-http-client.ts'],
  /** A harness is called right before a channel's publish. */
  hookedChannels: [WORKER, CHANNELS, 'parts/hooked-channels.ts'],
  /** A harness is called around the Update of a command. */
  hookedSender: [API, SENDER, 'parts/hooked-sender.ts'],
  /** Sends again with a new key when in doubt, and looks nothing up. */
  blindChannels: [WORKER, CHANNELS, 'unprotected/blind-channels.ts'],
  /** Hooked, and sends however late it is. */
  lateChannels: [WORKER, CHANNELS, 'unprotected/late-channels.ts'],
  /** Hooked, and takes each request for a command of its own. */
  forgetfulSender: [API, SENDER, 'unprotected/forgetful-sender.ts'],
  /** Answers first and stores later. */
  hastySender: [API, SENDER, 'unprotected/hasty-sender.ts'],
  /** Leaves what nobody answered as it is. */
  noDrainer: [API, 'src/commands/queue/drainer.ts', 'unprotected/no-drainer.ts'],
  /** Answers every error in the same way. */
  bareErrors: [API, 'src/api/app.ts', 'unprotected/bare-errors.ts'],
  /** Asks no caller for a role. */
  anyRole: [EVERY, 'src/api/gates/require-role.ts', 'unprotected/any-role.ts'],
  /** Believes every delivery that has an id. */
  credulousSignature: [
    'src/api/routes/webhooks.ts',
    'src/api/webhooks/signature.ts',
    'unprotected/credulous-signature.ts',
  ],
  /** Connects wherever a name or a number leads. */
  openLookup: [EVERY, 'src/http/address-guard.ts', 'unprotected/open-lookup.ts'],
  /** Start with settings that they should refuse. */
  lenientApiConfig: [API, CONFIG, 'unprotected/lenient-config.ts'],
  lenientWorkerConfig: [WORKER, CONFIG, 'unprotected/lenient-config.ts'],
  /** The pauses between deliveries pass faster. */
  shortSchedule: [
    'src/telling/deliver-due.ts',
    'src/domain/outbound/schedule.ts',
    'parts/short-schedule.ts',
  ],
  /** A harness is called around the storing of what a source answered. */
  hookedReplies: [REPLIES_USER, REPLIES, 'parts/hooked-replies.ts'],
  /** Hooked, and stores whatever it is told. */
  forgetfulReplies: [REPLIES_USER, REPLIES, 'unprotected/forgetful-replies.ts'],
  /** Asks no receiver for an answer. */
  carelessAttempt: [
    'src/telling/deliver-due.ts',
    'src/telling/attempt.ts',
    'unprotected/careless-attempt.ts',
  ],
  /** Believes stored events. */
  credulousChain: [EVERY, 'src/domain/item/event.ts', 'unprotected/credulous-chain.ts'],
  /** A local stack starts where another one runs, and leaves its processes behind. */
  anyLock: ['scripts/local/stack.ts', 'scripts/local/pid-lock.mjs', 'unprotected/any-lock.ts'],
  looseSpawn: [
    'scripts/local/bound-process.ts',
    'node:child_process',
    'unprotected/loose-spawn.ts',
  ],
  /** A next release: another clock, a stricter guard, */
  nextRules: [EVERY, 'src/domain/item/machine/rules.ts', 'next-release/rules.ts'],
  nextGuards: [EVERY, 'src/domain/item/requirements/catalogue.ts', 'next-release/catalogue.ts'],
  /** a new state, with the step that leads there, */
  nextMachine: [EVERY, 'src/domain/item/item.machine.ts', 'next-release/item.machine.ts'],
  nextMigrations: [EVERY, 'src/domain/item/versions/migrations.ts', 'next-release/migrations.ts'],
  nextOwners: [EVERY, 'src/domain/item/responsible.ts', 'next-release/responsible.ts'],
  /** a new field in events, and a workflow's step in another place. */
  nextEvents: [EVERY, 'src/domain/item/event.ts', 'next-release/event.ts'],
  nextOrder: [EVERY, 'src/workflows/operator-view.ts', 'next-release/operator-view.ts'],
  /** Runs judge an accepted command again. */
  judgingSteps: [
    'src/workflows/item-run.ts',
    'src/domain/item/run.ts',
    'unprotected/judging-steps.ts',
  ],
} as const;

export type Part = keyof typeof PARTS;

/** A module that gets another one in its place; `importer` is null for all that import it. */
export interface Replacement {
  importer: string | null;
  module: string;
  by: string;
}

export function replacementsOf(parts: readonly Part[]): Replacement[] {
  return parts.map((part) => {
    const [program, module, by] = PARTS[part];
    return {
      importer: program === EVERY ? null : join(root, program),
      module: module.startsWith('node:') ? module : join(root, module),
      by: join(import.meta.dirname, by),
    };
  });
}

/** What a program has to be told to run with these parts; without any it runs as it is. */
export function replacing(parts: readonly Part[], harnessUrl?: string): NodeJS.ProcessEnv {
  if (parts.length === 0) return {};
  return {
    NODE_OPTIONS: `--import=${JSON.stringify(PRELOAD)}`,
    RELIABILITY_REPLACE: JSON.stringify(replacementsOf(parts)),
    ...(harnessUrl !== undefined && { RELIABILITY_HARNESS: harnessUrl }),
  };
}
