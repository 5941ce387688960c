import type { Command, CommandType } from '../../src/domain/item/commands.ts';
import { type Actor, currentReview, type ItemContext } from '../../src/domain/item/context.ts';
import { openRefusals } from '../../src/domain/item/refusals.ts';
import { isPlanned } from '../../src/domain/item/slots.ts';
import { isOwnerRole, type OwnerRole } from '../../src/domain/people/roles.ts';
import {
  ACCOUNTS,
  aboutCurrent,
  briefDigest,
  CAST,
  command,
  DAY,
  draftDigest,
  HOLDERS,
  PLAYBOOK,
  slot,
} from './item-fixture.ts';

export interface Moment {
  context: ItemContext;
  at: string;
}

type Complete = { [T in CommandType]: (moment: Moment, by: Actor) => Command<T> };

/** The owner role that an actor signs for: its own, or the first that has not signed. */
function signingRole({ context }: Moment, by: Actor): OwnerRole {
  return by.roles.find(isOwnerRole) ?? (context.reviews.length > 0 ? 'strategist' : 'creator');
}

/** In a day, or when the embargo is over. */
function freeTime({ context, at }: Moment): string {
  const inADay = Date.parse(at) + DAY;
  const embargoUntil = Date.parse(context.brief?.embargoUntil ?? at);
  return new Date(Math.max(inADay, embargoUntil)).toISOString();
}

/** Where only a refused post may be replaced, its account; else one that has no post. */
function accountToPlan({ context }: Moment) {
  const refused = openRefusals(context)[0];
  const isReplacing = ['measuring', 'kpi_review', 'on_hold'].includes(context.stage);
  return isReplacing && refused !== undefined ? refused : ACCOUNTS.third;
}

/** Every slot that stands, moved to where nothing is in its way. */
function movedSlots({ context, at }: Moment) {
  return context.publications
    .filter(isPlanned)
    .filter(({ channelAccountId }) => channelAccountId !== ACCOUNTS.third.channelAccountId)
    .map(({ channelAccountId, channel }) =>
      slot({ channelAccountId, channel }, freeTime({ context, at })),
    );
}

/** A complete payload of each command, as good as the item's state lets it be. */
export const COMPLETE: Complete = {
  save_brief: ({ context, at }, by) =>
    command('save_brief', by, {
      at,
      refs: {
        brief: briefDigest({
          version: (context.brief?.version ?? 0) + 1,
          hash: `brief ${(context.brief?.version ?? 0) + 1}`,
        }),
      },
    }),
  offer_handoff: ({ at }, by) =>
    command('offer_handoff', by, {
      at,
      refs: { checklist: PLAYBOOK.checklists.brief },
      facts: { holders: HOLDERS },
    }),
  withdraw_handoff: ({ context, at }, by) =>
    command('withdraw_handoff', by, { at, refs: aboutCurrent(context, 'withdraw_handoff', {}) }),
  accept_handoff: ({ context, at }, by) =>
    command('accept_handoff', by, { at, refs: aboutCurrent(context, 'accept_handoff', {}) }),
  decline_handoff: ({ context, at }, by) =>
    command('decline_handoff', by, {
      at,
      refs: aboutCurrent(context, 'decline_handoff', { reason: 'off_brief' }),
    }),
  save_draft: ({ context, at }, by) =>
    command('save_draft', by, {
      at,
      refs: { draft: draftDigest((context.draft?.version ?? 0) + 1) },
    }),
  submit_for_review: ({ at }, by) =>
    command('submit_for_review', by, {
      at,
      refs: { checklist: PLAYBOOK.checklists.review },
      facts: { holders: HOLDERS },
    }),
  acknowledge_revision: ({ at }, by) => command('acknowledge_revision', by, { at, refs: {} }),
  decide_approval: ({ context, at }, by) =>
    command('decide_approval', by, {
      at,
      refs: { role: 'editor', contentHash: context.contentHash ?? '', decision: 'approve' },
    }),
  plan_schedule: (moment, by) =>
    command('plan_schedule', by, {
      at: moment.at,
      refs: {
        publications: [...movedSlots(moment), slot(accountToPlan(moment), freeTime(moment))],
      },
      facts: { slots: [] },
    }),
  unschedule: ({ at }, by) => command('unschedule', by, { at, refs: {} }),
  skip_publication: ({ context, at }, by) =>
    command('skip_publication', by, {
      at,
      refs: {
        publicationId:
          (
            openRefusals(context)[0] ??
            context.publications.find(({ state }) => state === 'planned')
          )?.id ?? 'pub_x',
        reason: 'it does not fit there',
      },
    }),
  resolve_publication: ({ context, at }, by) => {
    const record = context.publications.find(
      ({ state }) => state === 'unknown' || state === 'missed',
    );
    return command('resolve_publication', by, {
      at,
      refs: {
        publicationId: record?.id ?? 'pub_x',
        outcome: record?.state === 'unknown' ? 'live' : 'skip',
        evidence: 'seen on the channel',
      },
      facts: { slots: [] },
    });
  },
  open_kpi_review: ({ at }, by) => command('open_kpi_review', by, { at, refs: {} }),
  sign_off: (moment, by) => {
    const role = signingRole(moment, by);
    return command('sign_off', by, {
      at: moment.at,
      refs: {
        role,
        decision: role === 'strategist' ? 'scale' : 'agree',
        reviewHash: currentReview(moment.context)?.hash ?? '',
      },
    });
  },
  hold: ({ at }, by) => command('hold', by, { at, refs: { reason: 'a crisis' } }),
  resume: ({ at }, by) => command('resume', by, { at, refs: { reason: 'it is over' } }),
  cancel: ({ at }, by) => command('cancel', by, { at, refs: { reason: 'no longer needed' } }),
  reassign: ({ at }, by) =>
    command('reassign', by, {
      at,
      refs: { role: 'creator', memberId: CAST.secondCreator.memberId, as: 'owner' },
      facts: { receiverRoles: ['creator'], receiverActive: true },
    }),
  set_campaign: ({ at }, by) =>
    command('set_campaign', by, {
      at,
      refs: { campaignId: 'cmp_other', reason: 'it fits there' },
      facts: { campaign: { id: 'cmp_other', released: true } },
    }),
  extend: ({ at }, by) => command('extend', by, { at, refs: { reason: 'a holiday' } }),
};

/** The complete command of a type; one of the union, whatever the type. */
export function completeCommand(type: CommandType, moment: Moment, by: Actor): Command {
  return COMPLETE[type](moment, by) as Command;
}
