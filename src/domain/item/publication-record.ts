import { derivedId } from '../ids.ts';
import { addMs, ageMs } from './ages.ts';
import type { PlannedSlot } from './commands/facts.ts';
import type { ItemContext, PublicationRecord } from './context.ts';
import { rulesOf } from './machine/rules.ts';
import type { PublicationState } from './publication-states.ts';
import type { Checkpoint } from './record-schema.ts';
import { clipText } from './size.ts';

export function withPublication(
  context: ItemContext,
  id: string,
  change: Partial<PublicationRecord>,
): PublicationRecord[] {
  return context.publications.map((record) =>
    record.id === id ? withKeptEvidence(context, { ...record, ...change }) : record,
  );
}

/** The event has the whole text. */
function withKeptEvidence(context: ItemContext, record: PublicationRecord): PublicationRecord {
  const { evidence } = record;
  return evidence === null
    ? record
    : { ...record, evidence: clipText(evidence, rulesOf(context).keptTextBytes) };
}

/** The records once the slots in one of these states are given up. */
export function skipped(
  { publications }: ItemContext,
  states: readonly PublicationState[],
  evidence: string,
): PublicationRecord[] {
  return publications.map((record) =>
    states.includes(record.state) ? { ...record, state: 'skipped', evidence } : record,
  );
}

/** Ages are counted from the instant of publication. */
export function newCheckpoint(
  { id, publishedAt }: { id: string; publishedAt: string },
  { name, required }: { name: string; required: boolean },
): Checkpoint {
  const dueAt = addMs(publishedAt, ageMs(name));
  return { publicationId: id, checkpoint: name, required, dueAt, state: 'due', settledAt: null };
}

export function publicationData(record: PublicationRecord): Record<string, unknown> {
  const { id, channelAccountId, channel, slotNumber, at } = record;
  return { publicationId: id, channelAccountId, channel, slotNumber, scheduledAt: at };
}

/** When a slot is, in every form that is kept. */
export function timeOf({
  at,
  local,
  zone,
  tzVersion,
}: PlannedSlot): Pick<PublicationRecord, 'at' | 'local' | 'zone' | 'tzVersion'> {
  return { at, local, zone, ...(tzVersion !== undefined && { tzVersion }) };
}

export function newPublication(
  context: ItemContext,
  publications: readonly PublicationRecord[],
  slot: PlannedSlot,
): PublicationRecord {
  const earlier = publications.filter(
    ({ channelAccountId }) => channelAccountId === slot.channelAccountId,
  );
  return {
    id: derivedId('publication', context.itemId, publications.length + 1),
    channelAccountId: slot.channelAccountId,
    channel: slot.channel,
    slotNumber: 1 + Math.max(0, ...earlier.map(({ slotNumber }) => slotNumber)),
    state: 'planned',
    ...timeOf(slot),
    contentHash: null,
    remoteId: null,
    permalink: null,
    publishedAt: null,
    evidence: null,
  };
}
