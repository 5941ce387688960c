import type { ItemContext, PublicationRecord } from '../context.ts';
import type { EventRecord } from '../event.ts';
import { publicationData } from '../publication-record.ts';
import { approvalDeadlineOf } from '../slots.ts';
import type { Move } from './move.ts';

/**
 * The item goes back to its gate: its planned slots are held for the next approval, each until its
 * deadline. One whose deadline is over is held no longer than its time: it is not sent without an
 * approval, and after its grace it is missed.
 */
export function holdSlotsForApproval(
  context: ItemContext,
  { at, because }: { at: string; because: string },
): Move {
  const records: EventRecord[] = [];
  const publications = context.publications.map((record): PublicationRecord => {
    if (record.state !== 'planned') return record;
    const { heldUntil: before, ...plan } = record;
    const until = approvalDeadlineOf(record, context.playbook);
    if (until <= Date.parse(at)) return plan;
    const heldUntil = new Date(until).toISOString();
    if (heldUntil !== before) {
      const data = { ...publicationData(record), because, heldUntil };
      records.push({ type: 'publication.held', data });
    }
    return { ...plan, heldUntil };
  });
  return { change: { publications }, records };
}

/** A record as it is bound to a plan: nothing is awaited any more. */
export function withoutDeadline({ heldUntil: _, ...record }: PublicationRecord): PublicationRecord {
  return record;
}
