import type { Command } from './item-commands.ts';
import { type ItemContext, type PublicationRecord, publicationById } from './item-context.ts';
import type { EventRecord } from './item-event.ts';
import { type Move, NOTHING } from './item-move.ts';
import { newPublication, publicationData, withPublication } from './item-publication-record.ts';

/**
 * Holds or plans slots. In creation, review and an offered handoff they are tentative; after the
 * accepted handoff every tentative and planned record is bound to the approved content. An account
 * that the plan does not name keeps its slot: dropping one is `skip_publication`.
 */
export function planSchedule(
  context: ItemContext,
  { refs }: Command<'plan_schedule'>,
  mode: 'tentative' | 'planned',
): Move {
  const publications = [...context.publications];
  const records: EventRecord[] = [];
  for (const slot of refs.publications) {
    const index = publications.findIndex(
      ({ channelAccountId, state }) =>
        channelAccountId === slot.channelAccountId &&
        (state === 'planned' || state === 'tentative'),
    );
    const standing = publications[index];
    const record: PublicationRecord =
      standing === undefined
        ? newPublication(context, publications, slot)
        : { ...standing, at: slot.at, local: slot.local, zone: slot.zone };
    const planned: PublicationRecord = {
      ...record,
      state: mode,
      contentHash: mode === 'planned' ? context.contentHash : null,
    };
    if (standing === undefined) publications.push(planned);
    else publications[index] = planned;
    records.push({
      type: mode === 'planned' ? 'publication.planned' : 'publication.held',
      data: { ...publicationData(planned), local: slot.local, zone: slot.zone },
    });
  }
  if (mode === 'tentative') return { change: { publications }, records };
  const named = new Set(refs.publications.map(({ channelAccountId }) => channelAccountId));
  const bound = publications.map((record) => {
    if (record.state !== 'tentative' && record.state !== 'planned') return record;
    if (!named.has(record.channelAccountId)) {
      records.push({ type: 'publication.planned', data: publicationData(record) });
    }
    return { ...record, state: 'planned' as const, contentHash: context.contentHash };
  });
  return { change: { publications: bound, stageNote: null }, records };
}

/** True when what is left of the plan could be sent as it stands. */
export function isPlanStanding(context: ItemContext, without: string): boolean {
  return context.publications
    .filter(({ id, state }) => id !== without && state === 'planned')
    .every(({ contentHash }) => contentHash === context.contentHash);
}

export function unschedule(context: ItemContext): Move {
  const dropped = context.publications.filter(({ state }) => state === 'planned');
  return {
    change: {
      publications: context.publications.map((record) =>
        record.state === 'planned'
          ? { ...record, state: 'skipped', evidence: 'unscheduled' }
          : record,
      ),
    },
    records: dropped.map((record) => ({
      type: 'publication.unscheduled',
      data: publicationData(record),
    })),
  };
}

export function skipPublication(context: ItemContext, { refs }: Command<'skip_publication'>): Move {
  const record = publicationById(context, refs.publicationId);
  if (record === null) return NOTHING;
  const evidence = refs.reason ?? null;
  return {
    change: { publications: withPublication(context, record.id, { state: 'skipped', evidence }) },
    records: [{ type: 'publication.skipped', data: { ...publicationData(record), evidence } }],
  };
}
