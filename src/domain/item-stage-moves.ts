import { clockOnEntry, fallbackSteps } from './item-clock.ts';
import type { ClockFacts, Command, SystemEvent } from './item-commands.ts';
import type { ItemContext } from './item-context.ts';
import { type Move, NOTHING, withMember } from './item-move.ts';
import type { Place, Stage } from './stages.ts';

/** A stage begins: its clock starts. A resumed stage keeps its entry and its clock, shifted by the pause. */
export function enterStage(
  context: ItemContext,
  stage: Stage,
  at: string,
  clocks: ClockFacts | undefined,
): Move {
  const from = context.stage;
  const resumed = from === 'on_hold' && context.held !== null;
  const returned = resumed ? { heldFrom: null, held: null } : {};
  return {
    change: {
      stage,
      stageEnteredAt: resumed ? (context.held?.stageEnteredAt ?? at) : at,
      clock: stage === 'on_hold' ? context.clock : clockOnEntry(context, stage, at, clocks),
      ...returned,
    },
    records: from === stage ? [] : [{ type: 'item.stage_changed', data: { from, to: stage } }],
  };
}

export function hold(
  context: ItemContext,
  { actor, at, refs }: Command<'hold'>,
  place: Place,
): Move {
  return {
    change: {
      heldFrom: place,
      held: { by: actor.memberId, at, stageEnteredAt: context.stageEnteredAt },
      clock: context.clock === null ? null : { ...context.clock, pausedAt: Date.parse(at) },
    },
    records: [{ type: 'item.held', data: { from: place, reason: refs.reason ?? null } }],
  };
}

export function resume(context: ItemContext, { refs }: Command<'resume'>): Move {
  return {
    change: {},
    records: [
      { type: 'item.resumed', data: { to: context.heldFrom, reason: refs.reason ?? null } },
    ],
  };
}

/** Releases what was planned; published posts stay published and are listed. */
export function cancel(context: ItemContext, reason: string | null): Move {
  const released = context.publications.filter(({ state }) =>
    ['tentative', 'planned', 'missed'].includes(state),
  );
  const freed = new Set(released.map(({ id }) => id));
  return {
    change: {
      publications: context.publications.map((record) =>
        freed.has(record.id) ? { ...record, state: 'skipped', evidence: 'cancelled' } : record,
      ),
    },
    records: [
      {
        type: 'item.cancelled',
        data: {
          reason,
          released: [...freed],
          stayPublished: context.publications
            .filter(({ state }) => state === 'published')
            .map(({ id, permalink }) => ({ publicationId: id, permalink })),
        },
      },
    ],
  };
}

export function reassign(context: ItemContext, { refs }: Command<'reassign'>): Move {
  const { role, memberId, as } = refs;
  const change: Partial<ItemContext> =
    as === 'co_author'
      ? { coAuthors: withMember(context.coAuthors, memberId) }
      : { team: { ...context.team, [role]: memberId } };
  const from = as === 'co_author' ? null : context.team[role];
  return {
    change,
    records: [
      {
        type: 'item.reassigned',
        data: { role, as, from, to: memberId, reason: refs.reason ?? null },
      },
    ],
  };
}

/** A new deadline for the stage's clock, counted from the clock's own facts or a full period from now. */
export function extend(context: ItemContext, { facts, refs, at }: Command<'extend'>): Move {
  const { clock } = context;
  if (clock === null) return NOTHING;
  const now = Date.parse(at);
  const steps =
    stepsFrom(facts.clocks, clock.stage) ??
    fallbackSteps(context.playbook.clocks[clock.stage], now);
  return {
    change: {
      clock: { ...clock, steps, fired: 0, pausedAt: clock.pausedAt === null ? null : now },
    },
    records: [
      {
        type: 'clock.extended',
        data: {
          stage: clock.stage,
          from: new Date(clock.steps[2]).toISOString(),
          to: new Date(steps[2]).toISOString(),
          reason: refs.reason ?? null,
        },
      },
    ],
  };
}

function stepsFrom(clocks: ClockFacts | undefined, stage: keyof ClockFacts) {
  return clocks?.[stage];
}

const CLOCK_PERCENT = [50, 80, 100, 150] as const;

export function clockStep(
  context: ItemContext,
  { step }: Extract<SystemEvent, { type: 'clock_step' }>,
): Move {
  const { clock } = context;
  if (clock === null || clock.fired > step) return NOTHING;
  const percent = CLOCK_PERCENT[step];
  const data = {
    stage: clock.stage,
    percent,
    dueAt: new Date(clock.steps[2]).toISOString(),
  };
  const change = { clock: { ...clock, fired: step + 1 } };
  if (percent === 150) {
    return { change, records: [{ type: 'item.escalated', data: { because: 'overdue', ...data } }] };
  }
  return { change, records: [{ type: percent === 100 ? 'sla.breached' : 'sla.warned', data }] };
}

export function releaseCampaign(context: ItemContext): Move {
  if (context.campaign === null) return NOTHING;
  return {
    change: { campaign: { ...context.campaign, released: true } },
    records: [{ type: 'campaign.released', data: { campaignId: context.campaign.id } }],
  };
}
