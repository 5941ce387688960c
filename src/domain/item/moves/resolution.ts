import type { Command } from '../commands.ts';
import { type ItemContext, type PublicationRecord, publicationById } from '../context.ts';
import { newPublication, publicationData, timeOf, withPublication } from '../publication-record.ts';
import type { PublicationState } from '../publication-states.ts';
import { type Move, merge, NOTHING, recorded } from './move.ts';
import { markPublished } from './publication.ts';

/**
 * A person gives a post up, and with it what its account was refused before: nothing is left to be
 * planned again.
 */
export function giveUpPost(
  context: ItemContext,
  record: PublicationRecord,
  evidence: string | null,
): Move {
  const { id, channelAccountId } = record;
  const given = context.publications.filter(
    (other) =>
      other.id === id ||
      (other.state === 'rejected' && other.channelAccountId === channelAccountId),
  );
  return {
    change: {
      publications: context.publications.map((other) =>
        given.includes(other) ? { ...other, state: 'skipped', evidence } : other,
      ),
    },
    records: given.map((one) => ({
      type: 'publication.skipped',
      data: {
        ...publicationData(one),
        evidence,
        ...(one.state === 'rejected' && { refusal: one.evidence }),
      },
    })),
  };
}

/** A person says what became of an unknown or missed publication. */
export function resolvePublication(
  context: ItemContext,
  { refs, at }: Command<'resolve_publication'>,
): Move {
  const record = publicationById(context, refs.publicationId);
  if (record === null) return NOTHING;
  const evidence = refs.evidence ?? null;
  const resolved = recorded({}, 'publication.resolved', {
    ...publicationData(record),
    was: record.state,
    outcome: refs.outcome,
    evidence,
    ...(refs.permalink !== undefined && { permalink: refs.permalink }),
    ...(refs.remoteId !== undefined && { remoteId: refs.remoteId }),
  });
  switch (refs.outcome) {
    case 'live': {
      const live = {
        publishedAt: record.publishedAt ?? record.at,
        permalink: refs.permalink ?? null,
        remoteId: refs.remoteId ?? null,
        evidence,
      };
      return merge(resolved, markPublished(context, record, live));
    }
    case 'not_live': {
      const publications = withPublication(context, record.id, { state: 'not_live', evidence });
      return { ...resolved, change: { publications, stageNote: noteOf(record, 'not_live') } };
    }
    case 'skip': {
      const { change, records } = giveUpPost(context, record, evidence);
      return {
        change: { ...change, stageNote: noteOf(record, 'skipped') },
        // The resolution says it of the record itself.
        records: [
          ...resolved.records,
          ...records.filter(({ data }) => data['publicationId'] !== record.id),
        ],
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
      const publications = withPublication(context, record.id, planned);
      const data = publicationData({ ...record, ...planned });
      return merge(resolved, recorded({ publications }, 'publication.planned', data));
    }
    case 'publish_again': {
      if (refs.slot === undefined) return NOTHING;
      const settled = withPublication(context, record.id, { state: 'not_live', evidence });
      const again = {
        ...newPublication(context, settled, refs.slot),
        contentHash: context.contentHash,
      };
      const publications = [...settled, again];
      const data = { ...publicationData(again), again: record.id, decidedAt: at };
      return merge(resolved, recorded({ publications }, 'publication.planned', data));
    }
  }
}

function noteOf({ id, state }: PublicationRecord, becomes: PublicationState): string {
  return `${id} was ${state} and is ${becomes}`;
}
