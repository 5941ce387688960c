import { derivedId } from '../../ids.ts';
import type { OwnerRole } from '../../people/roles.ts';
import type { HandoffPayloads } from '../commands/handoff.ts';
import type { Command } from '../commands.ts';
import { currentHandoff, type ItemContext } from '../context.ts';
import { rulesOf } from '../machine/rules.ts';
import type { Handoff } from '../record-schema.ts';
import { clipText } from '../size.ts';
import type { CommandDefinitions } from './command.ts';
import { type Move, merge, NOTHING, recorded } from './move.ts';

/** Ends the open handoff, if there is one. */
function endHandoff(
  context: ItemContext,
  state: 'accepted' | 'declined' | 'withdrawn',
  by: { at: string; memberId: string; reason?: string },
): Handoff[] {
  const open = currentHandoff(context);
  if (open === null) return context.handoffs;
  const reason =
    by.reason === undefined ? null : clipText(by.reason, rulesOf(context).keptTextBytes);
  return [
    ...context.handoffs.slice(0, -1),
    { ...open, state, decidedAt: by.at, decidedBy: by.memberId, reason },
  ];
}

export function newHandoff(
  context: ItemContext,
  kind: Handoff['kind'],
  at: string,
  by: string,
): Handoff {
  return {
    id: derivedId('handoff', context.itemId, context.handoffs.length + 1),
    kind,
    state: 'offered',
    offeredAt: at,
    offeredBy: by,
    decidedAt: null,
    decidedBy: null,
    reason: null,
  };
}

/** Withdraws the open handoff, if there is one, because the item leaves what was offered. */
export function withdrawOpenHandoff(
  context: ItemContext,
  by: { at: string; memberId: string; reason?: string },
): Move {
  const open = currentHandoff(context);
  if (open === null) return NOTHING;
  const handoffs = endHandoff(context, 'withdrawn', by);
  return recorded({ handoffs }, 'handoff.withdrawn', { handoffId: open.id, kind: open.kind });
}

function offerHandoff(context: ItemContext, { actor, at, refs }: Command<'offer_handoff'>): Move {
  const handoff = newHandoff(context, 'brief', at, actor.memberId);
  return recorded({ handoffs: [...context.handoffs, handoff] }, 'handoff.offered', {
    handoffId: handoff.id,
    kind: 'brief',
    to: 'creator',
    memberId: context.team.creator,
    briefHash: context.brief?.hash ?? null,
    checklist: refs.checklist,
  });
}

function withdrawHandoff(
  context: ItemContext,
  { actor, at, refs }: Command<'withdraw_handoff'>,
): Move {
  const { reason } = refs;
  return withdrawOpenHandoff(context, {
    at,
    memberId: actor.memberId,
    ...(reason !== undefined && { reason }),
  });
}

/** Accepting assigns; accepting the brief freezes the KPI targets. */
function acceptHandoff(
  context: ItemContext,
  { actor, at, facts }: Command<'accept_handoff'>,
): Move {
  const open = currentHandoff(context);
  if (open === null) return NOTHING;
  const role: OwnerRole = open.kind === 'brief' ? 'creator' : 'social_media_manager';
  const { memberId } = actor;
  const handoffs = endHandoff(context, 'accepted', { at, memberId });
  const team = { ...context.team, [role]: memberId };
  const accepted = recorded({ handoffs, team }, 'handoff.accepted', {
    handoffId: open.id,
    kind: open.kind,
    role,
    memberId,
    warnings: facts.warnings ?? [],
  });
  if (open.kind === 'schedule') return accepted;
  const targetsHash = context.brief?.targetsHash ?? null;
  return merge(accepted, recorded({ targetsFrozenAt: at }, 'kpi_targets.frozen', { targetsHash }));
}

function declineHandoff(
  context: ItemContext,
  { actor, at, refs }: Command<'decline_handoff'>,
): Move {
  const open = currentHandoff(context);
  if (open === null) return NOTHING;
  const by = { at, memberId: actor.memberId, ...(refs.reason && { reason: refs.reason }) };
  return recorded({ handoffs: endHandoff(context, 'declined', by) }, 'handoff.declined', {
    handoffId: open.id,
    kind: open.kind,
    reason: refs.reason ?? null,
    commentId: refs.commentId ?? null,
  });
}

export const HANDOFF_COMMANDS = {
  offer_handoff: {
    in: ['briefing.drafting'],
    by: ['strategist'],
    requires: [
      'brief_complete',
      'checklist_complete',
      'targets_set',
      'receiver_exists',
      'item_has_room',
    ],
    move: offerHandoff,
  },
  withdraw_handoff: {
    in: ['briefing.offered'],
    by: ['strategist'],
    requires: ['current_handoff'],
    move: withdrawHandoff,
  },
  accept_handoff: {
    in: ['briefing.offered', 'scheduling.offered'],
    by: 'receiver',
    requires: ['is_receiver', 'current_handoff', 'approvals_hold', 'platform_tag'],
    move: acceptHandoff,
  },
  decline_handoff: {
    in: ['briefing.offered', 'scheduling.offered'],
    by: 'receiver',
    requires: ['is_receiver', 'current_handoff', 'reason_given'],
    move: declineHandoff,
  },
} as const satisfies CommandDefinitions<keyof HandoffPayloads>;
