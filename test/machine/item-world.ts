import type {
  Command,
  CommandType,
  ItemMachineEvent,
  SystemEvent,
} from '../../src/domain/item/commands.ts';
import {
  type Actor,
  currentApprovals,
  currentHandoff,
  currentReview,
  type ItemContext,
} from '../../src/domain/item/context.ts';
import { deadlinesOf, eventForDeadline } from '../../src/domain/item/deadlines.ts';
import { isSuperseded } from '../../src/domain/item/moves/publication.ts';
import { unmetRequirements } from '../../src/domain/item/requirements/requirements.ts';
import { CLOCKED_STAGES, type Place } from '../../src/domain/item/stages.ts';
import { type OverduePolicy, RETURNABLE_STAGES } from '../../src/domain/playbook/overdue.ts';
import type { Playbook } from '../../src/domain/playbook/playbook.ts';
import {
  ACCOUNTS,
  aboutCurrent,
  actor,
  briefDigest,
  CAST,
  command,
  DAY,
  draftDigest,
  type GivenRefs,
  HOLDERS,
  itemInput,
  later,
  MINUTE,
  PLAYBOOK,
  START,
  slot,
} from './item-fixture.ts';
import { misdeedsOf } from './item-misdeeds.ts';

/** What the people and services of an exploration may do; the fewer, the fewer states. */
export interface World {
  accounts: readonly (keyof typeof ACCOUNTS)[];
  briefs: readonly string[];
  drafts: readonly number[];
  creators: readonly Actor[];
  editors: readonly Actor[];
  /** Commands beside those that the way from brief to verdict needs. */
  extras: readonly CommandType[];
  outcomes: readonly Extract<SystemEvent, { type: 'publication_settled' }>['outcome'][];
  /** Give commands that the guards refuse as well. */
  insists: boolean;
  /** People are careless and services late (item-misdeeds.ts). */
  careless: boolean;
  campaign: boolean;
  /** What the playbook does to every stage that is overdue. */
  overdue: OverduePolicy;
}

/** One account, one text, one creator: what a test is about is added to it. */
export const LINE: World = {
  accounts: ['mastodon'],
  briefs: ['brief a'],
  drafts: [1],
  creators: [CAST.creator],
  editors: [CAST.editor],
  extras: [],
  outcomes: ['published', 'rejected', 'unknown', 'missed', 'hash_mismatch'],
  insists: false,
  careless: false,
  campaign: false,
  overdue: 'none',
};

/** One revision round takes the item past this playbook's limit, so that it must be acknowledged. */
export const SMALL_PLAYBOOK = {
  ...PLAYBOOK,
  revisionLimit: 0,
  checkpoints: [
    { name: '+1h', required: true },
    { name: '+28d', required: false },
  ],
};

export const STAFF = {
  admin: actor('mbr_admin', ['admin', 'social_media_manager']),
  strategist: CAST.strategist,
  manager: CAST.manager,
};

export function worldInput(world: World) {
  return itemInput({
    playbook: { ...SMALL_PLAYBOOK, ...(world.overdue !== 'none' && { overdue: overdueIn(world) }) },
    campaign: world.campaign ? { id: 'cmp_1', released: true } : null,
  });
}

/** The policy for each stage that can have it. */
function overdueIn({ overdue }: World): Playbook['overdue'] {
  const stages = overdue === 'return' ? RETURNABLE_STAGES : CLOCKED_STAGES;
  return Object.fromEntries(stages.map((stage) => [stage, overdue]));
}

/** The instant that a context shows: the latest that anything in it happened. */
export function nowOf(context: ItemContext): string {
  const grace = context.playbook.slotGraceMinutes * MINUTE;
  const instants = [
    START,
    context.stageEnteredAt,
    context.held?.at ?? START,
    ...context.checkpoints.map(({ settledAt }) => settledAt ?? START),
    ...context.publications.map(({ state, at }) => {
      if (state === 'missed') return later(at, grace);
      return ['due', 'sending', 'published', 'unknown', 'rejected'].includes(state) ? at : START;
    }),
  ];
  return new Date(Math.max(...instants.map((instant) => Date.parse(instant)))).toISOString();
}

function commandsOf(context: ItemContext, world: World, at: string): Command[] {
  const { admin, strategist, manager } = STAFF;
  const { publications } = context;
  const commands: Command[] = [];
  const add = <T extends CommandType>(
    type: T,
    by: Actor,
    given: GivenRefs<T>,
    facts?: Command<T>['facts'],
  ) => {
    const refs = aboutCurrent(context, type, given);
    commands.push(
      command(type, by, { at, refs, ...(facts !== undefined && { facts }) }) as Command,
    );
  };

  for (const hash of world.briefs) {
    add('save_brief', strategist, { brief: briefDigest({ hash, channels: [] }) });
  }
  add('offer_handoff', strategist, { checklist: PLAYBOOK.checklists.brief }, { holders: HOLDERS });
  add('accept_handoff', CAST.creator, {});
  add('accept_handoff', manager, {});
  add('acknowledge_revision', strategist, {});
  for (const creator of world.creators) {
    for (const version of world.drafts) {
      add('save_draft', creator, { draft: draftDigest(version) });
    }
    add(
      'submit_for_review',
      creator,
      { checklist: PLAYBOOK.checklists.review },
      { holders: HOLDERS },
    );
  }
  for (const editor of world.editors) {
    const refs = { role: 'editor', contentHash: context.contentHash ?? '' } as const;
    add('decide_approval', editor, { ...refs, decision: 'approve' });
    if (context.round === 0) {
      add('decide_approval', editor, { ...refs, decision: 'request_changes', reason: 'quality' });
    }
  }
  const slots = world.accounts.map((name, index) =>
    slot(ACCOUNTS[name], later(at, (index + 1) * DAY)),
  );
  for (const one of slots) add('plan_schedule', manager, { publications: [one] }, { slots: [] });
  if (slots.length > 1) add('plan_schedule', manager, { publications: slots }, { slots: [] });
  add('plan_schedule', manager, { publications: [] }, { slots: [] });
  for (const record of publications) {
    if (record.state === 'unknown' || record.state === 'missed') {
      const { id: publicationId, state } = record;
      const known = { publicationId, evidence: 'seen' };
      const facts = { slots: [] };
      const { channelAccountId, channel } = record;
      const again = slot({ channelAccountId, channel }, later(at, DAY));
      if (state === 'unknown') {
        add('resolve_publication', manager, { ...known, outcome: 'live' }, facts);
        add('resolve_publication', manager, { ...known, outcome: 'not_live' }, facts);
        add(
          'resolve_publication',
          manager,
          { ...known, outcome: 'publish_again', slot: again },
          facts,
        );
      } else {
        add('resolve_publication', manager, { ...known, outcome: 'skip' }, facts);
        add(
          'resolve_publication',
          manager,
          { ...known, outcome: 'reschedule', slot: again },
          facts,
        );
      }
    }
    if (['planned', 'tentative', 'rejected'].includes(record.state)) {
      add('skip_publication', manager, { publicationId: record.id, reason: 'it does not fit' });
    }
  }
  const commentId = 'cmt_1';
  add('sign_off', strategist, { role: 'strategist', decision: 'scale', commentId });
  if (context.reviews.length < 2) {
    add('sign_off', strategist, {
      role: 'strategist',
      decision: 'extend_measurement',
      extendTo: '+60d',
      commentId,
    });
  }
  add('sign_off', CAST.creator, { role: 'creator', decision: 'agree' });
  add('sign_off', manager, {
    role: 'social_media_manager',
    decision: 'dissent',
    commentId,
  });

  const extras: Partial<Record<CommandType, () => void>> = {
    withdraw_handoff: () => add('withdraw_handoff', strategist, {}),
    decline_handoff: () => {
      add('decline_handoff', CAST.creator, { reason: 'off_brief' });
      add('decline_handoff', manager, { reason: 'quality' });
    },
    unschedule: () => add('unschedule', manager, {}),
    open_kpi_review: () => add('open_kpi_review', strategist, {}),
    sign_off: () =>
      add('sign_off', CAST.creator, { role: 'creator', decision: 'dissent', commentId }),
    hold: () => {
      add('hold', admin, { reason: 'a crisis' });
      add('resume', admin, { reason: 'it is over' });
    },
    cancel: () => add('cancel', admin, { reason: 'no longer needed' }),
  };
  for (const extra of world.extras) extras[extra]?.();
  return commands;
}

function systemEventsOf(
  place: Place,
  context: ItemContext,
  world: World,
  at: string,
): ItemMachineEvent[] {
  const events: ItemMachineEvent[] = [];
  for (const { id: publicationId, state } of context.publications) {
    if (state === 'due') events.push({ type: 'publication_sending', at, publicationId });
    if (state !== 'sending') continue;
    for (const outcome of world.outcomes) {
      const superseded = isSuperseded(context, publicationId);
      events.push({
        type: 'publication_settled',
        at,
        publicationId,
        outcome,
        ...(superseded && { superseded }),
      });
    }
  }
  const review = currentReview(context);
  if (review !== null && review.hash === null) {
    events.push({
      type: 'review_frozen',
      at,
      reviewId: review.id,
      hash: `review ${review.number}`,
      // What the strategist of this world decides is against it.
      recommended: 'iterate',
    });
  }
  const deadlines = deadlinesOf(place, context).filter(({ kind }) => kind !== 'clock_step');
  for (const first of deadlines.filter((deadline) => deadline.at === deadlines[0]?.at)) {
    const now = Math.max(first.at, Date.parse(at));
    if (first.kind === 'checkpoint') {
      const { publicationId, checkpoint } = first;
      const key = { at: new Date(now).toISOString(), publicationId, checkpoint };
      events.push({ type: 'checkpoint_recorded', ...key }, { type: 'checkpoint_missed', ...key });
    } else {
      const event = eventForDeadline(first, context, now);
      if (event !== null) events.push(event);
    }
  }
  const { clock } = context;
  if (world.overdue !== 'none' && clock !== null && clock.pausedAt === null && clock.fired < 4) {
    const due = new Date(Math.max(clock.steps[3], Date.parse(at))).toISOString();
    events.push({ type: 'clock_step', at: due, step: 3, percent: 150 });
  }
  if (world.campaign) events.push({ type: 'campaign_cancelled', at, reason: 'the campaign ended' });
  return events;
}

/** Everything that may happen next: commands that the guards accept, and what happens by itself. */
export function eventsOf(
  place: Place,
  context: ItemContext,
  world: World,
  at: string = nowOf(context),
): ItemMachineEvent[] {
  if (place === 'closed' || place === 'cancelled') return [];
  const events = [
    ...commandsOf(context, world, at),
    ...(world.careless ? misdeedsOf(context, at) : []),
  ].filter(
    (event) =>
      world.insists ||
      !('actor' in event) ||
      unmetRequirements({ place, context, seq: 0 }, event).length === 0,
  );
  return [...events, ...systemEventsOf(place, context, world, at)];
}

/** Accounts whose last post was refused or is not live: a plan can come back to them. */
function replaceable({ publications }: ItemContext): string[] {
  const last = new Map(
    publications
      .filter(({ state }) => state !== 'skipped')
      .map(({ channelAccountId, state }) => [channelAccountId, state] as const),
  );
  return [...last]
    .filter(([, state]) => state === 'rejected' || state === 'not_live')
    .map(([account, state]) => `${account} ${state}`)
    .sort();
}

/**
 * What of a state decides its future: counters, history and absolute time are left out, and so are
 * records that nothing can come back to. States with one key have the same future.
 */
export function keyOf(place: Place, context: ItemContext): string {
  const now = Date.parse(nowOf(context));
  const set = currentApprovals(context);
  const review = currentReview(context);
  const handoff = currentHandoff(context);
  const order = context.publications
    .filter(({ state }) => state === 'planned' || state === 'tentative')
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .map(({ channelAccountId }) => channelAccountId);
  return JSON.stringify([
    place,
    context.heldFrom,
    context.brief?.hash,
    context.draft?.hash,
    [...context.authors].sort(),
    Math.min(context.round, 1),
    context.revisionAcknowledged,
    handoff?.kind,
    set && [
      set.state,
      set.contentHash === context.contentHash,
      set.decisions.map(({ memberId, decision }) => memberId + decision).sort(),
    ],
    context.publications
      .filter(({ state }) => !['skipped', 'rejected', 'not_live'].includes(state))
      .map(({ channelAccountId, state, contentHash, at }) => [
        channelAccountId,
        state,
        contentHash === null ? null : contentHash === context.contentHash,
        state === 'planned' && contentHash,
        Date.parse(at) > now,
      ])
      .sort(),
    order,
    replaceable(context),
    context.checkpoints.map(({ checkpoint, state, required }) => [checkpoint, state, required]),
    review && [
      review.number,
      review.hash === null,
      review.extendTo,
      review.signOffs.map(({ role, decision }) => role + decision).sort(),
    ],
    context.cancelling,
    (context.clock?.fired ?? 0) > 3,
  ]);
}
