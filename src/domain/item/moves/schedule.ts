import type { SchedulePayloads } from '../commands/schedule.ts';
import type { Command } from '../commands.ts';
import { type ItemContext, type PublicationRecord, publicationById } from '../context.ts';
import type { EventRecord } from '../event.ts';
import { newPublication, publicationData, skipped, timeOf } from '../publication-record.ts';
import { isBound, isPlanned, isTentativePlace, slotsBesidePlan } from '../slots.ts';
import { OPEN_PLACES } from '../stages.ts';
import { BEFORE_SENDING, type CommandDefinitions } from './command.ts';
import { type Move, NOTHING } from './move.ts';
import { giveUpPost, resolvePublication } from './resolution.ts';
import { withoutDeadline } from './slot.ts';

/**
 * Holds or plans slots. In creation, review and an offered handoff they are tentative; after the
 * accepted handoff every tentative and planned record is bound to the approved content. An account
 * that the plan does not name keeps its slot (`slotsBesidePlan`): dropping one is `skip_publication`.
 */
function planSchedule(
  context: ItemContext,
  { refs, facts }: Command<'plan_schedule'>,
  mode: 'tentative' | 'planned',
): Move {
  const publications = [...context.publications];
  const records: EventRecord[] = [];
  for (const slot of refs.publications) {
    const index = publications.findIndex(
      ({ channelAccountId, state }) =>
        channelAccountId === slot.channelAccountId && isPlanned({ state }),
    );
    const current = publications[index];
    const record: PublicationRecord =
      current === undefined
        ? newPublication(context, publications, slot)
        : { ...withoutDeadline(current), ...timeOf(slot) };
    const planned: PublicationRecord = {
      ...record,
      state: mode,
      contentHash: mode === 'planned' ? context.contentHash : null,
    };
    if (current === undefined) publications.push(planned);
    else publications[index] = planned;
    const warnings = facts.slots
      .filter(({ channelAccountId }) => channelAccountId === slot.channelAccountId)
      .flatMap((found) => found.warnings);
    records.push({
      type: mode === 'planned' ? 'publication.planned' : 'publication.held',
      data: {
        ...publicationData(planned),
        local: slot.local,
        zone: slot.zone,
        ...(warnings.length > 0 && { warnings }),
      },
    });
  }
  if (mode === 'tentative') return { change: { publications }, records };
  const { kept, dropped } = slotsBesidePlan(context, refs.publications);
  const keptIds = new Set(kept.map(({ id }) => id));
  const droppedIds = new Set(dropped.map(({ id }) => id));
  const bound = publications.map((record): PublicationRecord => {
    if (droppedIds.has(record.id)) {
      const evidence = `the draft has no variant for ${record.channel}`;
      records.push({ type: 'publication.skipped', data: { ...publicationData(record), evidence } });
      return { ...record, state: 'skipped', evidence };
    }
    if (!keptIds.has(record.id)) return record;
    records.push({ type: 'publication.planned', data: publicationData(record) });
    return { ...withoutDeadline(record), state: 'planned', contentHash: context.contentHash };
  });
  return { change: { publications: bound, stageNote: null }, records };
}

/** True when something is left of the plan, and could be sent as it stands. */
export function planStands(context: ItemContext, without: string): boolean {
  const left = context.publications.filter(
    (record) => record.id !== without && (isPlanned(record) || record.state === 'published'),
  );
  return left.length > 0 && left.filter(isPlanned).every((record) => isBound(context, record));
}

function unschedule(context: ItemContext): Move {
  const dropped = context.publications.filter(({ state }) => state === 'planned');
  return {
    change: { publications: skipped(context, ['planned'], 'unscheduled') },
    records: dropped.map((record) => ({
      type: 'publication.unscheduled',
      data: publicationData(record),
    })),
  };
}

function skipPublication(context: ItemContext, { refs }: Command<'skip_publication'>): Move {
  const record = publicationById(context, refs.publicationId);
  return record === null ? NOTHING : giveUpPost(context, record, refs.reason ?? null);
}

export const SCHEDULE_COMMANDS = {
  plan_schedule: {
    in: [...BEFORE_SENDING, 'publishing'],
    toReplacePost: ['measuring', 'kpi_review', 'on_hold'],
    by: ['social_media_manager'],
    requires: [
      'campaign_released',
      'approvals_hold',
      'nothing_sending',
      'account_free',
      'replaces_post',
      'nothing_unknown',
      'variants_in_limits',
      'slot_valid',
      'slot_in_future',
      'not_blacked_out',
      'embargo_over',
      'token_valid_past_slot',
      'item_has_room',
    ],
    move: (context, command, place) =>
      planSchedule(context, command, isTentativePlace(place, context) ? 'tentative' : 'planned'),
  },
  unschedule: {
    in: ['scheduled', 'publishing'],
    by: ['social_media_manager'],
    requires: ['nothing_sending'],
    move: unschedule,
  },
  skip_publication: {
    in: ['scheduling.planning', 'scheduled', 'publishing'],
    toReplacePost: [
      'creation.drafting',
      'review.deciding',
      'scheduling.offered',
      'measuring',
      'kpi_review',
      'on_hold',
    ],
    by: ['social_media_manager'],
    requires: ['nothing_sending', 'publication_planned', 'another_publication', 'reason_given'],
    move: skipPublication,
  },
  resolve_publication: {
    in: OPEN_PLACES,
    by: ['social_media_manager'],
    requires: [
      'is_unknown_or_missed',
      'outcome_fits',
      'evidence_given',
      'post_free',
      'campaign_released',
      'approvals_hold',
      'nothing_sending',
      'nothing_unknown',
      'variants_in_limits',
      'slot_valid',
      'slot_in_future',
      'not_blacked_out',
      'embargo_over',
      'token_valid_past_slot',
      'item_has_room',
    ],
    move: resolvePublication,
  },
} as const satisfies CommandDefinitions<keyof SchedulePayloads>;
