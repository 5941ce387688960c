import { isOwnerRole, OWNER_ROLES, type OwnerRole, type Role } from '../people/roles.ts';
import {
  awaitsAcknowledgement,
  currentApprovals,
  currentReview,
  type ItemContext,
  outstandingRoles,
} from './context.ts';
import { UNRESOLVED_STATES } from './publication-states.ts';
import { openRefusals } from './refusals.ts';
import { rolesMissing, rolesToSign } from './review-decision.ts';
import { releasedSlots } from './slots.ts';
import { isFinal, type Place } from './stages.ts';

/** The owner roles of each place; in review they are roles that the gate asks. */
export const STAGE_OWNERS: Record<
  Exclude<Place, 'on_hold' | 'closed' | 'cancelled'>,
  OwnerRole[]
> = {
  'briefing.drafting': ['strategist'],
  'briefing.offered': ['strategist'],
  'creation.drafting': ['creator'],
  'review.deciding': [],
  'scheduling.offered': ['social_media_manager'],
  'scheduling.planning': ['social_media_manager'],
  scheduled: ['social_media_manager'],
  publishing: ['social_media_manager'],
  measuring: ['strategist'],
  kpi_review: [...OWNER_ROLES],
};

/** Roles that answer for a place: they may hold, resume and reassign there. */
export function responsibleRoles(place: Place, context: ItemContext): Role[] {
  if (place === 'closed' || place === 'cancelled') return [];
  if (place === 'on_hold') {
    return context.heldFrom === null ? [] : responsibleRoles(context.heldFrom, context);
  }
  if (place === 'review.deciding') {
    return currentApprovals(context)?.asked.map(({ role }) => role) ?? [];
  }
  return STAGE_OWNERS[place];
}

/** Who owns the stage, and which member if one is assigned. */
export function ownerOf(
  place: Place,
  context: ItemContext,
): { role: Role | null; memberId: string | null } {
  if (place === 'review.deciding') {
    const set = currentApprovals(context);
    const role = set === null ? null : (outstandingRoles(set)[0] ?? null);
    return { role, memberId: null };
  }
  if (place === 'on_hold' && context.heldFrom !== null) return ownerOf(context.heldFrom, context);
  if (place === 'kpi_review') {
    const role = rolesYetToSign(context)[0] ?? 'strategist';
    return { role, memberId: context.team[role] };
  }
  const role = responsibleRoles(place, context)[0] ?? null;
  return { role, memberId: role !== null && isOwnerRole(role) ? context.team[role] : null };
}

export interface WaitingOn {
  role: Role;
  memberId?: string;
  /** The command that would move the item on. */
  for: string;
}

/** Whom the item waits for, and for which command. Empty while the system works or waits for time. */
export function waitingOn(place: Place, context: ItemContext): WaitingOn[] {
  const waits = waitsOfStage(place, context);
  if (isFinal(place) || openRefusals(context).length === 0) return waits;
  if (waits.some(({ for: command }) => command === 'plan_schedule')) return waits;
  const memberId = context.team.social_media_manager;
  return [
    ...waits,
    {
      role: 'social_media_manager',
      ...(memberId !== null && { memberId }),
      for: 'plan_schedule',
    },
  ];
}

function waitsOfStage(place: Place, context: ItemContext): WaitingOn[] {
  const of = (role: OwnerRole, command: string): WaitingOn => {
    const memberId = context.team[role];
    return memberId === null ? { role, for: command } : { role, memberId, for: command };
  };
  if (context.cancelling !== null && place !== 'cancelled') {
    return isUnresolved(context) ? [of('social_media_manager', 'resolve_publication')] : [];
  }
  // A slot was given up at its deadline: another one can be held before the approval.
  const replan =
    releasedSlots(context).length > 0 ? [of('social_media_manager', 'plan_schedule')] : [];
  switch (place) {
    case 'briefing.drafting':
      return [of('strategist', 'offer_handoff')];
    case 'briefing.offered':
      return [of('creator', 'accept_handoff')];
    case 'creation.drafting':
      return awaitsAcknowledgement(context)
        ? [of('strategist', 'acknowledge_revision')]
        : [of('creator', 'submit_for_review'), ...replan];
    case 'review.deciding': {
      const set = currentApprovals(context);
      const approvers = (set === null ? [] : outstandingRoles(set)).map((role) => ({
        role,
        for: 'decide_approval',
      }));
      return [...approvers, ...replan];
    }
    case 'scheduling.offered':
      return [of('social_media_manager', 'accept_handoff'), ...replan];
    case 'scheduling.planning':
      if (isUnresolved(context)) return [of('social_media_manager', 'resolve_publication')];
      return context.campaign?.released === false
        ? [of('strategist', 'release_campaign')]
        : [of('social_media_manager', 'plan_schedule')];
    case 'publishing':
      return isUnresolved(context) ? [of('social_media_manager', 'resolve_publication')] : [];
    case 'kpi_review': {
      const signOffs = currentReview(context)?.signOffs ?? [];
      return rolesToSign(signOffs).map((role) => of(role, 'sign_off'));
    }
    case 'on_hold': {
      const role = responsibleRoles(place, context)[0];
      if (role === undefined) return [];
      // Held by its playbook, it waits for the role and for nobody by name.
      return context.held === null || context.held.by === 'system'
        ? [{ role, for: 'resume' }]
        : [{ role, memberId: context.held.by, for: 'resume' }];
    }
    case 'scheduled':
    case 'measuring':
    case 'closed':
    case 'cancelled':
      return [];
  }
}

/** A record waits for a person to say what became of it. */
function isUnresolved(context: ItemContext): boolean {
  return context.publications.some(({ state }) => UNRESOLVED_STATES.includes(state));
}

/** The strategist decides first, so that role leads the list while it has not signed. */
export function rolesYetToSign(context: ItemContext): OwnerRole[] {
  return rolesMissing(currentReview(context)?.signOffs ?? []);
}
