import type { OwnerRole, Role } from '../../people/roles.ts';
import type { DraftFacts, Holders, PlannedSlot, SlotFacts } from '../commands/facts.ts';
import type { Command, CommandAccess, CommandType } from '../commands.ts';
import { currentApprovals, type ItemContext } from '../context.ts';
import { responsibleRoles } from '../responsible.ts';
import { isTentativePlace } from '../slots.ts';
import type { Place } from '../stages.ts';

/**
 * A question to the guards. `refs: null` asks "could the actor send this with a complete payload?":
 * then what only the payload can break is taken as met.
 */
export type Inquiry = {
  [T in CommandType]: Omit<Command<T>, 'refs' | 'id'> & { refs: Command<T>['refs'] | null };
}[CommandType];

export interface Question {
  place: Place;
  context: ItemContext;
  seq: number;
  ask: Inquiry;
  /** Where the command may be given, and by whom. */
  access: CommandAccess;
  /** The item as the command would leave it. */
  changed: () => ItemContext;
}

/** One thing that is in the way. `entry` names the entry of a checklist. */
export interface Problem {
  message: string;
  role?: Role;
  entry?: string;
}

/** A named condition of the guards. Its key in the family is its code. */
export interface Requirement {
  /** What it asks for, for the documentation. */
  text: string;
  /** It asks who the actor is, not what the item is. A refusal for that alone is 403, any other 409. */
  about?: 'actor';
  /** What of it is unmet. */
  check: (question: Question) => readonly Problem[];
}

export type Requirements = Readonly<Record<string, Requirement>>;

export const MET: readonly Problem[] = [];

export function unmet(message: string, role?: Role): readonly Problem[] {
  return [role === undefined ? { message } : { message, role }];
}

export function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === '';
}

/** Roles that may give a command where the item is now. */
export function rolesWith(
  { by }: CommandAccess,
  { type, place, context }: { type: CommandType; place: Place; context: ItemContext },
): readonly Role[] {
  if (by === 'responsible') {
    const extra: Role[] = type === 'reassign' ? ['strategist', 'admin'] : ['admin'];
    return [...new Set([...responsibleRoles(place, context), ...extra])];
  }
  if (by === 'receiver') return [receivingRole(place)];
  if (by === 'asked_roles') {
    return currentApprovals(context)?.asked.map(({ role }) => role) ?? [];
  }
  return by;
}

/** Who decides on the handoff that is offered at a place. */
export function receivingRole(place: Place): OwnerRole {
  return place === 'briefing.offered' ? 'creator' : 'social_media_manager';
}

/** Slots that the command asks for, with what the API found out about them. */
export function slotsOf(ask: Inquiry): { slots: PlannedSlot[]; facts: SlotFacts[] } {
  if (ask.type === 'plan_schedule') {
    return { slots: ask.refs?.publications ?? [], facts: ask.refs === null ? [] : ask.facts.slots };
  }
  if (ask.type === 'resolve_publication') {
    const slot = ask.refs?.slot;
    return slot === undefined
      ? { slots: [], facts: [] }
      : { slots: [slot], facts: ask.facts.slots };
  }
  return { slots: [], facts: [] };
}

/** `publish_again` and `reschedule` plan a new send: they need what planning needs. */
export function plansASend(ask: Inquiry): boolean {
  if (ask.type === 'plan_schedule') return true;
  if (ask.type !== 'resolve_publication' || ask.refs === null) return false;
  return ask.refs.outcome === 'publish_again' || ask.refs.outcome === 'reschedule';
}

/** The command gives slots to the content as it is; a tentative slot only holds its time. */
export function bindsContent({ place, context, ask }: Question): boolean {
  return plansASend(ask) && !(ask.type === 'plan_schedule' && isTentativePlace(place, context));
}

/** What the API found wrong with the slots that a command names or keeps. */
export function slotProblem(
  code: SlotFacts['problems'][number]['code'],
  { ask }: Question,
): readonly Problem[] {
  if (!plansASend(ask)) return MET;
  return slotsOf(ask).facts.flatMap(({ problems }) =>
    problems.filter((problem) => problem.code === code).map(({ message }) => ({ message })),
  );
}

/** What a submission is judged by: found now for this very draft, else when the draft was saved. */
export function draftFactsOf({
  context,
  ask,
}: Question): Required<Pick<DraftFacts, 'failedChecks' | 'violations'>> {
  const { draft } = context;
  const facts: DraftFacts = ask.type === 'submit_for_review' ? ask.facts : {};
  const isOfIt = facts.draftHash === undefined || facts.draftHash === draft?.hash;
  return {
    failedChecks: (isOfIt ? facts.failedChecks : undefined) ?? draft?.failedChecks ?? [],
    violations: (isOfIt ? facts.violations : undefined) ?? draft?.violations ?? [],
  };
}

export function holdersOf(ask: Inquiry): Holders {
  return ask.type === 'offer_handoff' || ask.type === 'submit_for_review' ? ask.facts.holders : {};
}
