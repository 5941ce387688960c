import { contentHashOf, hashOf } from '../../src/domain/canonical.ts';
import type { Command, CommandType, SystemEvent } from '../../src/domain/item/commands.ts';
import {
  type Actor,
  type BriefDigest,
  currentHandoff,
  currentReview,
  type DraftDigest,
  type ItemContext,
  type PinnedPlaybook,
} from '../../src/domain/item/context.ts';
import { deadlinesOf, eventForDeadline } from '../../src/domain/item/deadlines.ts';
import { chainEvents, GENESIS_HASH, type ItemEvent } from '../../src/domain/item/event.ts';
import { MACHINE_RULES } from '../../src/domain/item/machine/rules.ts';
import type { Unmet } from '../../src/domain/item/requirements/catalogue.ts';
import type { Inquiry } from '../../src/domain/item/requirements/requirements.ts';
import {
  type ItemEffect,
  type ItemSnapshot,
  placeOf,
  startItem,
  stepItem,
  unmetFor,
} from '../../src/domain/item/run.ts';
import type { Place } from '../../src/domain/item/stages.ts';
import type { ItemInput } from '../../src/domain/item/start.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';

export const START = '2027-01-04T10:00:00.000Z';
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export function later(instant: string, ms: number): string {
  return new Date(Date.parse(instant) + ms).toISOString();
}

function codesOf(entries: readonly { code: string; kind: string }[]): string[] {
  return entries.filter(({ kind }) => kind === 'human').map(({ code }) => code);
}

/** The standard playbook as an item pins it. */
export const PLAYBOOK: PinnedPlaybook = {
  ...STANDARD_PLAYBOOK,
  clocks: STANDARD_PLAYBOOK.clocks,
  gate: STANDARD_PLAYBOOK.gate.map((rule) => ({
    ...rule,
    ...('when' in rule && { when: [...rule.when] }),
  })) as PinnedPlaybook['gate'],
  checkpoints: STANDARD_PLAYBOOK.checkpoints.map((checkpoint) => ({ ...checkpoint })),
  checklists: {
    brief: codesOf(STANDARD_PLAYBOOK.checklists.brief),
    review: codesOf(STANDARD_PLAYBOOK.checklists.review),
  },
  rules: MACHINE_RULES,
};

export function actor(memberId: string, roles: Role[], change: Partial<Actor> = {}): Actor {
  return {
    memberId,
    roles,
    platformTags: { sandbox: 3, mastodon: 1 },
    backupFor: [],
    ...change,
  };
}

/** The people of the tests: one assigned holder per owner role, a second creator, approvers. */
export const CAST = {
  strategist: actor('mbr_strategist', ['strategist']),
  creator: actor('mbr_creator', ['creator']),
  secondCreator: actor('mbr_second_creator', ['creator']),
  /** Holds two roles: four eyes must hold for this member too. */
  creatorAndEditor: actor('mbr_creator_editor', ['creator', 'editor']),
  manager: actor('mbr_manager', ['social_media_manager']),
  editor: actor('mbr_editor', ['editor']),
  secondEditor: actor('mbr_second_editor', ['editor']),
  legal: actor('mbr_legal', ['legal']),
  admin: actor('mbr_admin', ['admin']),
  onlooker: actor('mbr_onlooker', ['marketing']),
} as const satisfies Record<string, Actor>;

/** The assigned member of an owner role and, for every other role, who wrote the draft; or somebody else. */
export function actorsOf(role: Role) {
  const assigned: Partial<Record<Role, string>> = {
    strategist: CAST.strategist.memberId,
    creator: CAST.creator.memberId,
    social_media_manager: CAST.manager.memberId,
  };
  return {
    same: actor(assigned[role] ?? CAST.creator.memberId, [role]),
    other: actor(`mbr_another_${role}`, [role]),
  };
}

export const HOLDERS = {
  creator: ['mbr_creator', 'mbr_second_creator', 'mbr_creator_editor'],
  editor: ['mbr_editor', 'mbr_second_editor', 'mbr_creator_editor'],
  legal: ['mbr_legal'],
};

const BRIEF_HASH = hashOf('brief 1');
const TARGETS_HASH = hashOf('targets 1');
const SANDBOX_HASH = hashOf('sandbox');

export function briefDigest(change: Partial<BriefDigest> = {}): BriefDigest {
  return {
    version: 1,
    hash: BRIEF_HASH,
    missing: [],
    formats: ['written'],
    channels: ['sandbox'],
    facts: [],
    targetCount: 1,
    targetsHash: TARGETS_HASH,
    embargoUntil: null,
    ...change,
  };
}

const draftHashes = new Map<number, string>();

/** Explorations ask for the same few drafts again and again. */
function draftHash(version: number): string {
  const known = draftHashes.get(version) ?? hashOf(`draft ${version}`);
  draftHashes.set(version, known);
  return known;
}

/** A draft whose sandbox variant is always the same and whose mastodon variant is its own. */
export function draftDigest(version: number, change: Partial<DraftDigest> = {}): DraftDigest {
  return {
    version,
    hash: draftHash(version),
    assetKinds: ['written'],
    variants: { sandbox: SANDBOX_HASH, mastodon: `mastodon ${version}` },
    violations: [],
    failedChecks: [],
    ...change,
  };
}

export const ACCOUNTS = {
  sandbox: { channelAccountId: 'cha_sandbox', channel: 'sandbox' },
  second: { channelAccountId: 'cha_second', channel: 'sandbox' },
  third: { channelAccountId: 'cha_third', channel: 'sandbox' },
  mastodon: { channelAccountId: 'cha_mastodon', channel: 'mastodon' },
} as const;

export function slot(account: { channelAccountId: string; channel: string }, at: string) {
  return { ...account, at, local: at.slice(0, 19), zone: 'Europe/Paris' };
}

export function itemInput(change: Partial<ItemInput> = {}): ItemInput {
  return {
    itemId: 'itm_test',
    workspaceId: 'wsp_test',
    playbook: PLAYBOOK,
    team: {
      strategist: CAST.strategist.memberId,
      creator: CAST.creator.memberId,
      social_media_manager: CAST.manager.memberId,
    },
    campaign: null,
    brief: null,
    at: START,
    ...change,
  };
}

/** What the API states of a workspace when it asks without a payload, whatever the command. */
const FACTS_WITHOUT_PAYLOAD = {
  holders: HOLDERS,
  slots: [],
  receiverRoles: [],
  receiverActive: true,
  campaign: null,
};

type Refs<T extends CommandType> = Command<T>['refs'];
type Facts<T extends CommandType> = Command<T>['facts'];

/** Builds a command; the cast's one place: a type and its own refs and facts make its command. */
/** What a decision is about: what stands, unless a test names something else. */
type Subject = 'handoffId' | 'reviewHash';
export type GivenRefs<T extends CommandType> =
  Refs<T> extends infer R
    ? R extends unknown
      ? Omit<R, Subject> & Partial<Pick<R, Extract<keyof R, Subject>>>
      : never
    : never;

/** The refs of a decision on the offer or the review that stands. */
export function aboutCurrent<T extends CommandType>(
  context: ItemContext,
  type: T,
  refs: GivenRefs<T>,
): Refs<T> {
  const handoffId = currentHandoff(context)?.id ?? 'none';
  const reviewHash = currentReview(context)?.hash ?? 'none';
  const subject =
    type === 'sign_off'
      ? { reviewHash }
      : /^(accept|decline|withdraw)_/.test(type) && { handoffId };
  // Exactly the commands that decide on something get its name.
  return { ...subject, ...refs } as Refs<T>;
}

export function command<T extends CommandType>(
  type: T,
  by: Actor,
  payload: { refs: Refs<T>; facts?: Facts<T>; at: string; basisSeq?: number; expiresAt?: string },
): Command<T> {
  const facts = payload.facts ?? {};
  return { id: `test:${type}`, type, actor: by, ...payload, facts } as Command<T>;
}

/**
 * A run in memory: the machine, its chain and its clock, as the workflow drives them. `at` moves
 * only when a test says so.
 */
export class TestRun {
  snapshot: ItemSnapshot;
  events: ItemEvent[] = [];
  effects: ItemEffect[] = [];
  at: string;

  constructor(input: ItemInput | ItemSnapshot = itemInput(), at: string = START) {
    this.at = 'at' in input ? input.at : at;
    if ('itemId' in input) {
      const first = startItem(input);
      this.snapshot = first.snapshot;
      this.#append(first.records, 'system');
    } else {
      this.snapshot = input;
    }
  }

  get context(): ItemContext {
    return this.snapshot.context;
  }

  get place(): Place {
    return placeOf(this.snapshot);
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  /** A run of its own that starts where this one is. */
  fork(): TestRun {
    const copy = new TestRun(this.snapshot, this.at);
    copy.events = [...this.events];
    return copy;
  }

  asked<T extends CommandType>(
    type: T,
    by: Actor,
    given: GivenRefs<T>,
    facts?: Facts<T>,
  ): Command<T> {
    const refs = aboutCurrent(this.context, type, given);
    return command(type, by, { refs, at: this.at, ...(facts !== undefined && { facts }) });
  }

  unmet(asked: Command): Unmet[] {
    return unmetFor(this.snapshot, this.events.length, asked);
  }

  /** Codes of what is unmet. */
  refusal<T extends CommandType>(
    type: T,
    by: Actor,
    refs: GivenRefs<T>,
    facts?: Facts<T>,
  ): string[] {
    // A command of any one type is a member of the union that the guards take.
    return this.unmet(this.asked(type, by, refs, facts) as Command).map(({ code }) => code);
  }

  /** Codes of what stands in the way whatever the payload, as `actions` is told. */
  obstacles(type: CommandType, by: Actor, facts: object = {}): string[] {
    const known = { ...FACTS_WITHOUT_PAYLOAD, ...facts };
    const ask = { type, actor: by, refs: null, facts: known, at: this.at };
    return unmetFor(this.snapshot, this.events.length, ask as Inquiry).map(({ code }) => code);
  }

  /** Gives a command that must be accepted; answers the types of its events. */
  give<T extends CommandType>(type: T, by: Actor, refs: GivenRefs<T>, facts?: Facts<T>): string[] {
    return this.send(this.asked(type, by, refs, facts) as Command);
  }

  send(asked: Command): string[] {
    const unmet = this.unmet(asked);
    if (unmet.length > 0) {
      throw new Error(`${asked.type} in ${this.place}: ${unmet.map(({ message }) => message)}`);
    }
    return this.apply(asked);
  }

  /** What follows once it is accepted, now or when a run is replayed. */
  apply(asked: Command): string[] {
    return this.#take(stepItem(this.snapshot, asked), asked.actor.memberId);
  }

  happen(event: SystemEvent): string[] {
    return this.#take(stepItem(this.snapshot, event), 'system');
  }

  /** Moves the clock and lets every deadline on the way happen, checkpoints as recorded. */
  wait(ms: number): string[] {
    return this.waitUntil(later(this.at, ms));
  }

  waitUntil(until: string): string[] {
    const happened: string[] = [];
    for (;;) {
      const next = deadlinesOf(this.place, this.context)[0];
      if (next === undefined || next.at > Date.parse(until)) break;
      this.at = new Date(Math.max(next.at, Date.parse(this.at))).toISOString();
      const event: SystemEvent | null =
        next.kind === 'checkpoint'
          ? {
              type: 'checkpoint_recorded',
              at: this.at,
              publicationId: next.publicationId,
              checkpoint: next.checkpoint,
            }
          : eventForDeadline(next, this.context, Date.parse(this.at));
      if (event === null) throw new Error(`${next.kind} produced nothing when it was due`);
      happened.push(...this.happen(event));
    }
    this.at = until;
    return happened;
  }

  #take(
    step: {
      snapshot: ItemSnapshot;
      records: Parameters<typeof chainEvents>[1];
      effects: ItemEffect[];
    },
    by: string,
  ): string[] {
    this.snapshot = step.snapshot;
    this.effects.push(...step.effects);
    return this.#append(step.records, by);
  }

  #append(records: Parameters<typeof chainEvents>[1], by: string): string[] {
    const last = this.events.at(-1);
    const head = { seq: last?.seq ?? 0, hash: last?.hash ?? GENESIS_HASH };
    const added = chainEvents(head, records, { at: this.at, actor: by });
    this.events.push(...added);
    return added.map(({ type }) => type);
  }

  /** The publication of an account that was planned last. */
  publication(account: { channelAccountId: string }) {
    const found = this.context.publications.findLast(
      ({ channelAccountId }) => channelAccountId === account.channelAccountId,
    );
    if (found === undefined) throw new Error(`${account.channelAccountId} has no publication`);
    return found;
  }

  contentHash(): string {
    const { brief, draft } = this.context;
    if (brief === null || draft === null) throw new Error('the item has no content yet');
    return contentHashOf({ briefHash: brief.hash, draftHash: draft.hash });
  }
}
