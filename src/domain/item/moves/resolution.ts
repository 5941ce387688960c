import type { Command } from '../commands.ts';
import { type ItemContext, publicationById } from '../context.ts';
import type { EventRecord } from '../event.ts';
import { newPublication, publicationData, timeOf, withPublication } from '../publication-record.ts';
import { type Move, merge, NOTHING } from './move.ts';
import { markPublished } from './publication.ts';

/** A person says what became of an unknown or missed publication. */
export function resolvePublication(
  context: ItemContext,
  { refs, at }: Command<'resolve_publication'>,
): Move {
  const record = publicationById(context, refs.publicationId);
  if (record === null) return NOTHING;
  const evidence = refs.evidence ?? null;
  const resolved: EventRecord = {
    type: 'publication.resolved',
    data: {
      ...publicationData(record),
      was: record.state,
      outcome: refs.outcome,
      evidence,
      ...(refs.permalink !== undefined && { permalink: refs.permalink }),
      ...(refs.remoteId !== undefined && { remoteId: refs.remoteId }),
    },
  };
  switch (refs.outcome) {
    case 'live': {
      const live = {
        publishedAt: record.publishedAt ?? record.at,
        permalink: refs.permalink ?? null,
        remoteId: refs.remoteId ?? null,
        evidence,
      };
      return merge({ change: {}, records: [resolved] }, markPublished(context, record, live));
    }
    case 'not_live':
    case 'skip': {
      const state = refs.outcome === 'skip' ? 'skipped' : 'not_live';
      return {
        change: {
          publications: withPublication(context, record.id, { state, evidence }),
          stageNote: `${record.id} was ${record.state} and is ${state}`,
        },
        records: [resolved],
      };
    }
    case 'reschedule': {
      if (refs.slot === undefined) return NOTHING;
      const planned = {
        state: 'planned' as const,
        ...timeOf(refs.slot),
        contentHash: context.contentHash,
        evidence,
      };
      return {
        change: { publications: withPublication(context, record.id, planned) },
        records: [
          resolved,
          { type: 'publication.planned', data: publicationData({ ...record, ...planned }) },
        ],
      };
    }
    case 'publish_again': {
      if (refs.slot === undefined) return NOTHING;
      const settled = withPublication(context, record.id, { state: 'not_live', evidence });
      const again = {
        ...newPublication(context, settled, refs.slot),
        contentHash: context.contentHash,
      };
      return {
        change: { publications: [...settled, again] },
        records: [
          resolved,
          {
            type: 'publication.planned',
            data: { ...publicationData(again), again: record.id, decidedAt: at },
          },
        ],
      };
    }
  }
}
