import type { OverduePolicy } from '../../playbook/overdue.ts';
import { clockOnEntry, fallbackSteps, stepsOver } from '../clock.ts';
import type { ClockFacts } from '../commands/facts.ts';
import type { StagePayloads } from '../commands/stage.ts';
import type { Command, SystemEvent } from '../commands.ts';
import { type ItemContext, isSending } from '../context.ts';
import { isStepDue, policyAt } from '../machine/overdue.ts';
import { rulesOf } from '../machine/rules.ts';
import { skipped } from '../publication-record.ts';
import { type PublicationState, WAITING_STATES } from '../publication-states.ts';
import { clipText } from '../size.ts';
import { OPEN_PLACES, type Place, type Stage, stageOf } from '../stages.ts';
import { voidApprovals } from './approval.ts';
import type { CommandDefinitions } from './command.ts';
import { withdrawOpenHandoff } from './handoff.ts';
import { type Move, merge, NOTHING, recorded, withMember } from './move.ts';

/** A stage begins: its clock starts. A resumed stage keeps its entry and its clock, shifted by the pause. */
export function enterStage(
  context: ItemContext,
  stage: Stage,
  at: string,
  clocks: ClockFacts | undefined,
): Move {
  const from = context.stage;
  const { held, heldFrom } = context;
  const resumed = heldFrom !== null && stage === stageOf(heldFrom);
  return {
    change: {
      stage,
      stageEnteredAt: resumed && held !== null ? held.stageEnteredAt : at,
      clock: stage === 'on_hold' ? context.clock : clockOnEntry(context, stage, at, clocks),
      ...(stage !== 'on_hold' && { heldFrom: null, held: null }),
    },
    records: from === stage ? [] : [{ type: 'item.stage_changed', data: { from, to: stage } }],
  };
}

function hold(context: ItemContext, { actor, at, refs }: Command<'hold'>, place: Place): Move {
  return pause(context, { at, memberId: actor.memberId, reason: refs.reason ?? null }, place);
}

function pause(
  context: ItemContext,
  { at, memberId, reason }: { at: string; memberId: string; reason: string | null },
  place: Place,
): Move {
  const { clock, stageEnteredAt } = context;
  const change = {
    heldFrom: place,
    held: { by: memberId, at, stageEnteredAt },
    clock: clock === null ? null : { ...clock, pausedAt: Date.parse(at) },
  };
  return recorded(change, 'item.held', { from: place, reason });
}

function resume(context: ItemContext, { refs }: Command<'resume'>): Move {
  return recorded({}, 'item.resumed', { to: context.heldFrom, reason: refs.reason ?? null });
}

const RELEASED_BY_CANCEL: readonly PublicationState[] = [...WAITING_STATES, 'missed'];

/** Releases what was planned; published posts stay published and are listed. */
export function cancel(
  context: ItemContext,
  reason: string | null,
  by: { at: string; memberId: string },
): Move {
  const { publications, released } = withoutPlans(context);
  const cancelled = recorded({ publications, cancelling: null }, 'item.cancelled', {
    reason,
    released,
    stayPublished: context.publications
      .filter(({ state }) => state === 'published')
      .map(({ id, permalink }) => ({ publicationId: id, permalink })),
  });
  return merge(withdrawOpenHandoff(context, by), cancelled);
}

function withoutPlans(context: ItemContext) {
  return {
    publications: skipped(context, RELEASED_BY_CANCEL, 'cancelled'),
    released: context.publications
      .filter(({ state }) => RELEASED_BY_CANCEL.includes(state))
      .map(({ id }) => id),
  };
}

/**
 * The campaign is cancelled: nothing more is sent. The item itself is cancelled once the outcome of
 * everything in flight is known (`isCancelDue`), so that no post goes out unseen.
 */
export function cancelCampaign(context: ItemContext, reason: string): Move {
  if (context.cancelling !== null) return NOTHING;
  const { publications, released } = withoutPlans(context);
  const cancelling = clipText(reason, rulesOf(context).keptTextBytes);
  return recorded({ cancelling, publications }, 'campaign.cancelled', {
    campaignId: context.campaign?.id ?? null,
    reason,
    released,
  });
}

/** True once a cancelled campaign's item has nothing in flight and nothing unknown. */
export function isCancelDue(context: ItemContext): boolean {
  return (
    context.cancelling !== null &&
    !context.publications.some((record) => isSending(record) || record.state === 'unknown')
  );
}

function reassign(context: ItemContext, { refs }: Command<'reassign'>): Move {
  const { role, memberId, as } = refs;
  const change: Partial<ItemContext> =
    as === 'co_author'
      ? { coAuthors: withMember(context.coAuthors, memberId) }
      : { team: { ...context.team, [role]: memberId } };
  const from = as === 'co_author' ? null : context.team[role];
  const reason = refs.reason ?? null;
  return recorded(change, 'item.reassigned', { role, as, from, to: memberId, reason });
}

/**
 * A new deadline for the stage's clock: the one the facts bring, else up to the instant asked for,
 * else a full period from now.
 */
function extend(context: ItemContext, { facts, refs, at }: Command<'extend'>): Move {
  const { clock } = context;
  if (clock === null) return NOTHING;
  const now = Date.parse(at);
  const { until } = refs;
  const steps =
    facts.clocks?.[clock.stage] ??
    (until === undefined
      ? fallbackSteps(context, clock.stage, now)
      : stepsOver(now, Date.parse(until) - now, rulesOf(context).clockPercents));
  const pausedAt = clock.pausedAt === null ? null : now;
  return recorded({ clock: { ...clock, steps, fired: 0, pausedAt } }, 'clock.extended', {
    stage: clock.stage,
    from: new Date(clock.steps[2]).toISOString(),
    to: new Date(steps[2]).toISOString(),
    reason: refs.reason ?? null,
  });
}

/** People are told of the clock; at its last step the item's playbook may have more done. */
export function clockStep(
  context: ItemContext,
  event: Extract<SystemEvent, { type: 'clock_step' }>,
  place: Place,
): Move {
  const { step, percent, at } = event;
  const { clock } = context;
  if (clock === null || !isStepDue(context, event)) return NOTHING;
  const dueAt = new Date(clock.steps[2]).toISOString();
  const data = { stage: clock.stage, percent, dueAt };
  const change = { clock: { ...clock, fired: step + 1 } };
  if (step !== 3) return recorded(change, step === 2 ? 'sla.breached' : 'sla.warned', data);
  const policy = policyAt(context, event, place);
  const told = { because: 'overdue', ...data, ...(policy !== 'none' && { policy }) };
  return merge(
    recorded(change, 'item.escalated', told),
    applyPolicy({ ...context, ...change }, policy, { at, place }),
  );
}

function applyPolicy(
  context: ItemContext,
  policy: OverduePolicy,
  { at, place }: { at: string; place: Place },
): Move {
  const by = { at, memberId: 'system', reason: 'overdue' };
  switch (policy) {
    case 'none':
      return NOTHING;
    case 'hold':
      return pause(context, by, place);
    case 'return':
      return merge(
        withdrawOpenHandoff(context, by),
        place === 'review.deciding' ? voidApprovals(context, 'overdue') : NOTHING,
      );
    case 'cancel':
      return cancel(context, 'overdue', by);
  }
}

export function releaseCampaign(context: ItemContext): Move {
  if (context.campaign === null || context.campaign.released) return NOTHING;
  const campaign = { ...context.campaign, released: true };
  return recorded({ campaign }, 'campaign.released', { campaignId: campaign.id });
}

/** It joins another campaign, with the gate as it stands there, or leaves its own. */
function setCampaign(context: ItemContext, { facts, refs }: Command<'set_campaign'>): Move {
  const from = context.campaign?.id ?? null;
  const to = facts.campaign?.id ?? null;
  if (from === to) return NOTHING;
  const reason = refs.reason ?? null;
  return recorded({ campaign: facts.campaign }, 'item.campaign_changed', { from, to, reason });
}

export const STAGE_COMMANDS = {
  hold: {
    in: OPEN_PLACES.filter((place) => place !== 'on_hold'),
    by: 'responsible',
    requires: ['reason_given', 'nothing_sending'],
    move: hold,
  },
  resume: {
    in: ['on_hold'],
    by: 'responsible',
    requires: ['reason_given', 'nothing_sending'],
    move: resume,
  },
  cancel: {
    in: OPEN_PLACES,
    by: ['strategist', 'admin'],
    requires: ['reason_given', 'nothing_sending', 'nothing_unknown'],
    move: (context, { refs, at, actor }) =>
      cancel(context, refs.reason ?? null, { at, memberId: actor.memberId }),
  },
  reassign: {
    in: OPEN_PLACES,
    by: 'responsible',
    requires: ['receiver_holds_role', 'receiver_active', 'item_has_room'],
    move: reassign,
  },
  extend: {
    in: OPEN_PLACES,
    by: ['strategist', 'admin'],
    requires: ['clock_running', 'reason_given', 'extension_valid'],
    move: extend,
  },
  set_campaign: {
    in: OPEN_PLACES,
    by: ['strategist', 'admin'],
    requires: ['nothing_sending', 'campaign_may_change', 'gate_not_passed'],
    move: setCampaign,
  },
} as const satisfies CommandDefinitions<keyof StagePayloads>;
