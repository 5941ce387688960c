import type { Db } from '../db/client.ts';
import { listSamePerson } from '../db/item/approval-links.ts';
import type { StoredItem } from '../db/item/items.ts';
import { findPostHolder } from '../db/publishing/remote-posts.ts';
import { getCampaign } from '../db/workspace/campaigns.ts';
import { getMember } from '../db/workspace/members.ts';
import { stepsOver } from '../domain/item/clock.ts';
import type { CommandBody } from '../domain/item/command-bodies.ts';
import type { ClockFacts } from '../domain/item/commands/facts.ts';
import type { CommandPayloads, CommandType } from '../domain/item/commands.ts';
import { MACHINE_CHECKS } from '../domain/item/content/draft.ts';
import { type ItemContext, publicationById } from '../domain/item/context.ts';
import { rulesOf } from '../domain/item/machine/rules.ts';
import { placeOf } from '../domain/item/run.ts';
import { isTentativePlace, slotsBesidePlan } from '../domain/item/slots.ts';
import type { GivenLearnings } from '../domain/kpi/learning.ts';
import { APPROVER_ROLES } from '../domain/people/roles.ts';
import { itemTime } from './command-facts.ts';
import { InvalidBody } from './command-refusals.ts';
import { draftFacts } from './current-draft.ts';
import { holdersOf } from './holders.ts';
import { type ClockSources, type CommandParts, clocks, type Preparation } from './preparation.ts';
import { prepareBrief, prepareDraft } from './prepare-text.ts';
import { keptSlotFacts, NO_SLOTS, resolveSlots, type SlotPlanner } from './resolve-slots.ts';
import { whyNotJoined } from './start/prepare-start.ts';

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
  learnings?: GivenLearnings | undefined;
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

function plannerOf({ item, context }: Pick<ClockSources, 'item' | 'context'>): SlotPlanner {
  const binds = !isTentativePlace(placeOf(item.snapshot), context);
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

/** Whether a command brings the text of a version. */
export function bringsText(type: CommandType): boolean {
  return type === 'save_brief' || type === 'save_draft';
}

/**
 * The entries that a person ticked.
 * @throws InvalidBody for a code that the item's playbook does not have.
 */
function tickedCodes(
  checklist: Record<string, boolean>,
  { playbook }: ItemContext,
  name: 'brief' | 'review',
): string[] {
  const human = playbook.checklists[name];
  const known: readonly string[] = name === 'review' ? [...human, ...MACHINE_CHECKS] : human;
  const unknown = Object.keys(checklist).filter((code) => !known.includes(code));
  if (unknown.length > 0) {
    const message = `is no entry of the ${name} checklist of the playbook ${playbook.name}`;
    throw new InvalidBody(unknown.map((code) => ({ path: ['checklist', code], message })));
  }
  // What a machine checks is a fact of the draft, whatever is ticked.
  return human.filter((code) => checklist[code] === true);
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
  save_brief: prepareBrief,
  offer_handoff: async ({ db, item, body, context }) => ({
    refs: { checklist: tickedCodes(body.checklist, context, 'brief') },
    facts: { holders: await holdersOf(db, item.workspaceId, ['creator']) },
  }),
  accept_handoff: async (preparation) => ({
    facts: { clocks: clocks(preparation), warnings: depthWarnings(preparation) },
  }),
  save_draft: prepareDraft,
  submit_for_review: async (preparation) => {
    const { db, item, body, context } = preparation;
    return {
      refs: { checklist: tickedCodes(body.checklist, context, 'review') },
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
  decide_approval: async (preparation) => {
    const { db, item, actor } = preparation;
    const key = { workspaceId: item.workspaceId, itemId: item.id, actorId: actor.memberId };
    const same = await listSamePerson(db, key);
    return { facts: { clocks: clocks(preparation), ...(same.length > 0 && { samePerson: same }) } };
  },
  sign_off: withoutFacts,
  hold: withoutFacts,
  reassign: async ({ db, item, body: { memberId } }) => {
    const receiver = await getMember(db, { workspaceId: item.workspaceId, memberId });
    return {
      facts: { receiverRoles: receiver?.roles ?? [], receiverActive: receiver?.active ?? false },
    };
  },
  set_campaign: async ({ db, item, context, body: { campaignId } }) => {
    const { workspaceId } = item;
    const row = campaignId === null ? null : await getCampaign(db, { workspaceId, campaignId });
    const issue = campaignId === null ? null : whyNotJoined(row);
    // One that it is in already changes nothing, however it stands.
    if (issue !== null && campaignId !== context.campaign?.id) {
      throw new InvalidBody([{ path: ['campaignId'], message: issue }]);
    }
    const campaign = row === null ? null : { id: row.id, released: row.releasedAt !== null };
    return { facts: { campaign } };
  },
  extend: async ({ body: { until, reason }, context, item }) => {
    if (until === undefined) return {};
    const [from, to] = [Date.parse(itemTime(item)), Date.parse(until)];
    if (to <= from) {
      throw new InvalidBody([{ path: ['until'], message: 'is not in the future' }]);
    }
    const stage = context.clock?.stage;
    if (stage === undefined) return { refs: omitUndefined({ reason }) };
    const steps = stepsOver(from, to - from, rulesOf(context).clockPercents);
    return { facts: { clocks: { [stage]: steps } } };
  },
};

/**
 * The refs of a command as its body alone gives them, for a judgement before anything is looked up.
 * @returns null where it takes more than the body: a text, or slots.
 */
export function plainRefs(type: CommandType, body: object): object | null {
  if (bringsText(type) || type === 'plan_schedule') return null;
  if ('checklist' in body) {
    const ticked = Object.entries(body.checklist as Record<string, boolean>).filter(([, on]) => on);
    return { checklist: ticked.map(([code]) => code) };
  }
  return partsOfBody(body, 'of the refusal').refs;
}

/** The facts that a guard asks for before anybody looks at what a command brings. */
export async function plainFacts(db: Db, { workspaceId }: Pick<StoredItem, 'workspaceId'>) {
  const holders = await holdersOf(db, workspaceId, ['creator', ...APPROVER_ROLES]);
  return { holders, slots: [], receiverRoles: [], receiverActive: true, campaign: null };
}

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
 * Gathers the refs and facts of a command. It stores nothing: what a command brings is kept with its
 * row.
 * @throws InvalidBody
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

/** The same for a body that the schema of this very type has parsed. */
export function prepareAny<T extends CommandType>(
  type: T,
  preparation: Omit<Preparation<T>, 'body'> & { body: unknown },
): Promise<CommandParts> {
  return prepareCommand(type, preparation as Preparation<T>);
}

/** The facts of `actions`: what a complete command of each type would be judged by. */
export async function factsForActions(db: Db, item: StoredItem, context: ItemContext) {
  const facts = await plainFacts(db, item);
  const found = context.stage === 'creation' ? await draftFacts(db, context) : {};
  return { ...facts, ...found };
}
