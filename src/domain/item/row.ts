import type { Role } from '../people/roles.ts';
import { type Alarm, alarmsOf } from './alarms.ts';
import { dueAtOf } from './clock.ts';
import type { ItemEvent, ItemEventType } from './event.ts';
import { ownerOf, type WaitingOn, waitingOn } from './responsible.ts';
import { type ItemSnapshot, placeOf } from './run.ts';
import { isFinal, type Stage, stageOf, substageOf } from './stages.ts';
import { readSnapshot } from './versions/migrate.ts';

/** What the item's row shows, all of it derived from the snapshot after event `seq`. */
export interface ItemRow {
  seq: number;
  snapshot: ItemSnapshot;
  stage: Stage;
  substage: string | null;
  ownerRole: Role | null;
  assigneeId: string | null;
  waitingOn: WaitingOn[];
  stageEnteredAt: string;
  dueAt: string | null;
  alarms: Alarm[];
  /** When the first alarm goes off; null without any. */
  nextAlarmAt: string | null;
  closedAt: string | null;
}

/** The row after the last event of a batch. It keeps the snapshot as its run wrote it. */
export function itemRowOf(snapshot: ItemSnapshot, seq: number): ItemRow {
  const read = readSnapshot(snapshot);
  const place = placeOf(read);
  const { context } = read;
  const owner = ownerOf(place, context);
  const alarms = alarmsOf(place, context);
  return {
    seq,
    snapshot,
    stage: stageOf(place),
    substage: substageOf(place),
    ownerRole: owner.role,
    assigneeId: owner.memberId,
    waitingOn: waitingOn(place, context),
    stageEnteredAt: context.stageEnteredAt,
    dueAt: dueAtOf(context),
    alarms,
    nextAlarmAt: alarms[0]?.at ?? null,
    closedAt: isFinal(place) ? context.stageEnteredAt : null,
  };
}

/** Events that outside systems are told: those of src/domain/outbound/item-events.ts. */
export const OUTBOUND: ReadonlySet<ItemEventType> = new Set<ItemEventType>([
  'item.started',
  'revision.acknowledged',
  'item.stage_changed',
  'item.held',
  'item.resumed',
  'item.reassigned',
  'item.campaign_changed',
  'item.escalated',
  'item.cancelled',
  'item.closed',
  'brief.saved',
  'draft.saved',
  'handoff.offered',
  'handoff.withdrawn',
  'handoff.accepted',
  'handoff.declined',
  'approval.requested',
  'approval.decided',
  'approval.voided',
  'publication.planned',
  'publication.unscheduled',
  'publication.published',
  'publication.rejected',
  'publication.unknown',
  'publication.missed',
  'publication.skipped',
  'publication.returned',
  'publication.resolved',
  'kpi_checkpoint.recorded',
  'kpi_checkpoint.missing',
  'kpi_review.opened',
  'kpi_review.frozen',
  'kpi_review.signed_off',
  'kpi_review.returned',
  'kpi_review.extended',
  'kpi_review.closed',
  'clock.extended',
  'sla.warned',
  'sla.breached',
]);

/** Sent beside `publication.skipped` when a slot was given up at its deadline. */
export const SLOT_RELEASED = 'publication.slot_released';

/** Outbox rows of a batch of events. */
export function outboxOf(
  itemId: string,
  events: readonly ItemEvent[],
): { seq: number; type: string; payload: Record<string, unknown> }[] {
  return events
    .filter(({ type }) => OUTBOUND.has(type))
    .flatMap(({ seq, at, type, actor, data }) => {
      const payload = { itemId, seq, at, actor, data };
      const row = { seq, type, payload };
      return data['released'] === true ? [row, { seq, type: SLOT_RELEASED, payload }] : [row];
    });
}
