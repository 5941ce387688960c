import type { Db } from '../db/client.ts';
import type { StoredItem } from '../db/item/items.ts';
import { saveBrief, saveDraft } from '../db/item/versions.ts';
import { findPostHolder } from '../db/publishing/remote-posts.ts';
import { listAssets } from '../db/workspace/assets.ts';
import { getMember, listHolders } from '../db/workspace/members.ts';
import { hashOf } from '../domain/canonical.ts';
import type { CommandBody } from '../domain/item/command-bodies.ts';
import type { ClockFacts, Holders } from '../domain/item/commands/facts.ts';
import type { CommandPayloads, CommandType } from '../domain/item/commands.ts';
import { type Actor, type ItemContext, publicationById } from '../domain/item/context.ts';
import { digestBrief, digestDraft } from '../domain/item/digests.ts';
import { isTentativePlace } from '../domain/item/requirements/question.ts';
import { placeOf } from '../domain/item/run.ts';
import { slotsBesidePlan } from '../domain/item/slots.ts';
import { APPROVER_ROLES, type Role } from '../domain/people/roles.ts';
import type { BusinessCalendar } from '../time/business-calendar.ts';
import { clockFacts, itemTime } from './command-facts.ts';
import type { BodyIssue, Caller } from './command-outcome.ts';
import { currentFaults } from './current-draft.ts';
import { keptSlotFacts, NO_SLOTS, resolveSlots, type SlotPlanner } from './resolve-slots.ts';

/** A command as it is stored and sent: ids, hashes and machine-checked facts, no text. */
export interface CommandParts<T extends CommandType = CommandType> {
  refs: CommandPayloads[T]['refs'];
  facts: CommandPayloads[T]['facts'];
  /** What a person wrote: a row of its own, stored with the command. */
  comment: string | null;
  /** What a sign-off teaches: a row of its own as well. */
  learnings?: string;
}

export interface Preparation<T extends CommandType> {
  db: Db;
  caller: Caller;
  item: StoredItem;
  context: ItemContext;
  actor: Actor;
  calendar: BusinessCalendar;
  body: CommandBody<T>;
  /** Id of the comment row, if the command brings one. */
  commentId: string;
}

/** The body cannot become a command: the fields and rules it breaks. */
export class InvalidBody extends Error {
  readonly issues: BodyIssue[];

  constructor(issues: BodyIssue[]) {
    super(issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
    this.name = 'InvalidBody';
    this.issues = issues;
  }
}

/** `If-Match` names another version than the current one. */
export class VersionConflict extends Error {
  readonly current: string | null;

  constructor(current: string | null) {
    super(`the current version is ${current ?? 'none'}`);
    this.name = 'VersionConflict';
    this.current = current;
  }
}

/** What a command has of its own; anything else is as its body says (`partsOfBody`). */
type Preparer<T extends CommandType> = (
  preparation: Preparation<T>,
) => Promise<Partial<CommandParts<T>>>;

type Preparers = { [T in CommandType]?: Preparer<T> };

/** Fields of a body that are not among the refs of its command. */
interface BesideRefs {
  basisSeq?: number | undefined;
  expiresAt?: string | undefined;
  note?: string | undefined;
  comment?: string | undefined;
  learnings?: string | undefined;
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** What the body and the clocks alone make of a command. */
interface PlainParts<T extends CommandType> {
  refs: Defined<Omit<CommandBody<T>, keyof BesideRefs>>;
  facts: { clocks: ClockFacts };
}

/** Commands that the body and the clocks alone do not make. */
type Demanding = {
  [T in CommandType]: PlainParts<T> extends CommandPayloads[T] ? never : T;
}[CommandType];

function clocks({ calendar, item, context }: ClockSources): ClockFacts {
  return clockFacts({ calendar, playbook: context.playbook, now: itemTime(item) });
}

function plannerOf({ item, context }: Pick<ClockSources, 'item' | 'context'>): SlotPlanner {
  const binds = !isTentativePlace(placeOf(item.snapshot));
  return { workspaceId: item.workspaceId, context, now: itemTime(item), binds };
}

/** @throws InvalidBody when more than one time is given. */
function hasTime({ at, local, slot }: CommandBody<'resolve_publication'>): boolean {
  const count = [at, local, slot].filter((time) => time !== undefined).length;
  if (count <= 1) return count === 1;
  throw new InvalidBody([{ path: ['at'], message: 'give one of `at`, `local` and `slot`' }]);
}

/** Whether a command may take slots: they are chosen under locks that last until it is stored. */
export function takesSlots(type: CommandType): boolean {
  return type === 'plan_schedule' || type === 'resolve_publication';
}

type ClockSources = Pick<Preparation<CommandType>, 'calendar' | 'item' | 'context'>;

/** A quorum of `all` binds whoever holds the role now; more members than this are not carried into the run. */
const MAX_HOLDERS = 200;

async function holdersOf(db: Db, workspaceId: string, roles: readonly Role[]): Promise<Holders> {
  const all = await listHolders(db, { workspaceId });
  return Object.fromEntries(
    roles.flatMap((role) => (all[role] ? [[role, all[role].slice(0, MAX_HOLDERS)]] : [])),
  );
}

function checkedCodes(checklist: Record<string, boolean>): string[] {
  return Object.entries(checklist).flatMap(([code, done]) => (done ? [code] : []));
}

/** Only the refs that were given: the run's payload has no undefined members. */
function omitUndefined<T extends object>(refs: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(refs).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}

/** Commands that tell nothing of what follows them. */
const withoutFacts = async () => ({ facts: {} });

const PREPARERS: Preparers & Required<Pick<Preparers, Demanding>> = {
  save_brief: async (preparation) => {
    const { db, item, caller, body } = preparation;
    const { row } = await saveBrief(db, {
      workspaceId: item.workspaceId,
      itemId: item.id,
      hash: hashOf(body.brief),
      body: body.brief,
      authorId: caller.memberId,
    });
    return { refs: { brief: digestBrief(body.brief, row.version) } };
  },
  offer_handoff: async ({ db, item, body }) => ({
    refs: { checklist: checkedCodes(body.checklist) },
    facts: { holders: await holdersOf(db, item.workspaceId, ['creator']) },
  }),
  accept_handoff: async (preparation) => ({
    facts: { clocks: clocks(preparation), warnings: depthWarnings(preparation) },
  }),
  save_draft: async ({ db, item, caller, body, context }) => {
    const { workspaceId, id: itemId } = item;
    const hashes = body.draft.assets.map(({ hash }) => hash);
    const stored = await listAssets(db, { workspaceId, hashes });
    const files = new Map(stored.map((file) => [file.hash, file]));
    const unknown = body.draft.assets.flatMap(({ hash }, index) =>
      files.has(hash)
        ? []
        : [{ path: ['assets', index, 'hash'], message: 'no such asset: upload it first' }],
    );
    if (unknown.length > 0) throw new InvalidBody(unknown);
    const { row } = await saveDraft(db, {
      workspaceId,
      itemId,
      hash: hashOf(body.draft),
      body: body.draft,
      authorId: caller.memberId,
    });
    const facts = context.brief?.facts ?? [];
    return { refs: { draft: digestDraft(body.draft, row.version, { files, facts }) } };
  },
  submit_for_review: async (preparation) => {
    const { db, item, body, context } = preparation;
    return {
      refs: { checklist: checkedCodes(body.checklist) },
      facts: {
        holders: await holdersOf(db, item.workspaceId, APPROVER_ROLES),
        ...(await draftFacts(db, context)),
        clocks: clocks(preparation),
      },
    };
  },
  acknowledge_revision: withoutFacts,
  plan_schedule: async (preparation) => {
    const { db, body, context } = preparation;
    const planner = plannerOf(preparation);
    const resolved = await resolveSlots(
      db,
      planner,
      body.publications.map((slot, index) => ({ path: ['publications', index], slot })),
    );
    if (resolved.issues.length > 0) throw new InvalidBody(resolved.issues);
    const kept = planner.binds ? slotsBesidePlan(context, resolved.slots).kept : [];
    return {
      refs: { publications: resolved.slots },
      facts: {
        slots: [...resolved.facts, ...(await keptSlotFacts(db, planner, kept))],
        clocks: clocks(preparation),
        warnings: resolved.warnings,
      },
    };
  },
  resolve_publication: async (preparation) => {
    const { db, body, context, item } = preparation;
    const { publicationId, outcome, evidence, permalink, remoteId, at, local, zone, slot } = body;
    const record = publicationById(context, publicationId);
    const time = omitUndefined({ at, local, zone, slot });
    const resolved =
      record !== null && hasTime(body)
        ? await resolveSlots(db, plannerOf(preparation), [
            { path: [], slot: { channelAccountId: record.channelAccountId, ...time } },
          ])
        : NO_SLOTS;
    if (resolved.issues.length > 0) throw new InvalidBody(resolved.issues);
    const holder =
      record === null
        ? null
        : await findPostHolder(db, {
            workspaceId: item.workspaceId,
            itemId: item.id,
            channelAccountId: record.channelAccountId,
            publicationId,
            remoteId,
            permalink,
          });
    const [chosen] = resolved.slots;
    const said = omitUndefined({ evidence, permalink, remoteId, slot: chosen });
    return {
      refs: { publicationId, outcome, ...said },
      facts: {
        slots: resolved.facts,
        ...(holder !== null && { holder }),
        clocks: clocks(preparation),
        ...(resolved.warnings.length > 0 && { warnings: resolved.warnings }),
      },
    };
  },
  sign_off: withoutFacts,
  hold: withoutFacts,
  reassign: async ({ db, item, body: { memberId } }) => {
    const receiver = await getMember(db, { workspaceId: item.workspaceId, memberId });
    return {
      facts: { receiverRoles: receiver?.roles ?? [], receiverActive: receiver?.active ?? false },
    };
  },
  extend: async ({ body: { until, reason }, context, item }) => {
    if (until === undefined) return {};
    const [from, to] = [Date.parse(itemTime(item)), Date.parse(until)];
    if (to <= from) {
      throw new InvalidBody([{ path: ['until'], message: 'is not in the future' }]);
    }
    const stage = context.clock?.stage;
    if (stage === undefined) return { refs: omitUndefined({ reason }) };
    const share = (part: number) => from + part * (to - from);
    return { facts: { clocks: { [stage]: [share(0.5), share(0.8), to, share(1.5)] } } };
  },
};

/** What a body says: its texts, and as refs every other field. */
function partsOfBody(body: BesideRefs, commentId: string) {
  const { basisSeq: _, expiresAt: __, note, comment, learnings, ...fields } = body;
  return {
    refs: omitUndefined({ ...fields, commentId: comment === undefined ? undefined : commentId }),
    comment: comment ?? note ?? null,
    ...(learnings !== undefined && { learnings }),
  };
}

/** A member deep in a channel beats one who knows it: said as a warning, never a refusal. */
function depthWarnings({
  actor,
  item,
  context,
}: Preparation<'accept_handoff'>): { code: string; message: string }[] {
  if (item.stage !== 'scheduling') return [];
  return Object.keys(context.draft?.variants ?? {})
    .filter((channel) => (actor.platformTags[channel] ?? 0) < 3)
    .map((channel) => ({
      code: 'platform_depth',
      message: `the publisher is not deep in ${channel}`,
    }));
}

/**
 * Stores the texts of a command and gathers its facts.
 * @throws InvalidBody, VersionConflict
 */
export async function prepareCommand<T extends CommandType>(
  type: T,
  preparation: Preparation<T>,
): Promise<CommandParts<T>> {
  const preparers: Preparers = PREPARERS;
  const own = await preparers[type]?.(preparation);
  const facts = own?.facts ?? { clocks: clocks(preparation) };
  const parts = { ...partsOfBody(preparation.body, preparation.commentId), facts, ...own };
  // PREPARERS has an entry of its own for every command that would lack something.
  return parts as CommandParts<T>;
}

/** What the run cannot know of a draft that is handed in. */
async function draftFacts(db: Db, context: ItemContext) {
  const found = await currentFaults(db, context);
  if (found === null) return {};
  return { ...found, violations: found.violations.map(({ message }) => message) };
}

/** The facts of `actions`: what a complete command of each type would be judged by. */
export async function factsForActions(db: Db, item: StoredItem, context: ItemContext) {
  const holders = await holdersOf(db, item.workspaceId, ['creator', ...APPROVER_ROLES]);
  const found = context.stage === 'creation' ? await draftFacts(db, context) : {};
  return { holders, ...found, slots: [], receiverRoles: [], receiverActive: true };
}
