import { addMs, ageMs } from './item-ages.ts';
import { voidApprovals } from './item-approval-moves.ts';
import type { Command, SystemEvent } from './item-commands.ts';
import {
  type CheckpointRecord,
  type ItemContext,
  isSending,
  type PublicationRecord,
  publicationById,
} from './item-context.ts';
import type { EventRecord } from './item-event.ts';
import { type Move, merge, NOTHING } from './item-move.ts';
import { newPublication, publicationData, withPublication } from './item-publication-record.ts';

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
    data: { ...publicationData(record), was: record.state, outcome: refs.outcome, evidence },
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
        change: { publications: withPublication(context, record.id, { state, evidence }) },
        records: [resolved],
      };
    }
    case 'reschedule': {
      if (refs.slot === undefined) return NOTHING;
      const { at: slotAt, local, zone } = refs.slot;
      const planned = {
        state: 'planned' as const,
        at: slotAt,
        local,
        zone,
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

/** A published record starts its checkpoints: ages counted from the instant of publication. */
function markPublished(
  context: ItemContext,
  record: PublicationRecord,
  live: {
    publishedAt: string;
    permalink: string | null;
    remoteId: string | null;
    evidence: string | null;
  },
): Move {
  const checkpoints: CheckpointRecord[] = context.playbook.checkpoints.map(
    ({ name, required }) => ({
      publicationId: record.id,
      checkpoint: name,
      required,
      dueAt: addMs(live.publishedAt, ageMs(name)),
      state: 'due',
      settledAt: null,
    }),
  );
  return {
    change: {
      publications: withPublication(context, record.id, { state: 'published', ...live }),
      checkpoints: [...context.checkpoints, ...checkpoints],
    },
    records: [
      {
        type: 'publication.published',
        data: {
          ...publicationData(record),
          contentHash: record.contentHash,
          ...live,
        },
      },
      {
        type: 'kpi_checkpoint.planned',
        data: {
          publicationId: record.id,
          checkpoints: checkpoints.map(({ checkpoint, dueAt }) => ({ checkpoint, dueAt })),
        },
      },
    ],
  };
}

export function publicationDue(
  context: ItemContext,
  { publicationId }: Extract<SystemEvent, { type: 'publication_due' }>,
): Move {
  const record = publicationById(context, publicationId);
  if (record === null) return NOTHING;
  return {
    change: { publications: withPublication(context, publicationId, { state: 'due' }) },
    records: [{ type: 'publication.due', data: publicationData(record) }],
  };
}

export function publicationSending(
  context: ItemContext,
  { publicationId }: Extract<SystemEvent, { type: 'publication_sending' }>,
): Move {
  const record = publicationById(context, publicationId);
  if (record === null) return NOTHING;
  return {
    change: { publications: withPublication(context, publicationId, { state: 'sending' }) },
    records: [{ type: 'publication.sending', data: publicationData(record) }],
  };
}

/** The outcome of a send. A failed hash check returns the record to `planned` and voids the approvals. */
export function publicationSettled(
  context: ItemContext,
  event: Extract<SystemEvent, { type: 'publication_settled' }>,
): Move {
  const record = publicationById(context, event.publicationId);
  if (record === null || !isSending(record)) return NOTHING;
  const evidence = event.evidence ?? null;
  switch (event.outcome) {
    case 'published':
      return markPublished(context, record, {
        publishedAt: event.publishedAt ?? event.at,
        permalink: event.permalink ?? null,
        remoteId: event.remoteId ?? null,
        evidence,
      });
    case 'rejected':
    case 'unknown':
      return {
        change: {
          publications: withPublication(context, record.id, { state: event.outcome, evidence }),
          stageNote:
            event.outcome === 'rejected' ? `rejected: ${evidence ?? ''}` : context.stageNote,
        },
        records: [
          {
            type: event.outcome === 'rejected' ? 'publication.rejected' : 'publication.unknown',
            data: { ...publicationData(record), evidence },
          },
        ],
      };
    case 'hash_mismatch':
      return merge(
        {
          change: {
            publications: withPublication(context, record.id, { state: 'planned', evidence }),
            stageNote: 'the content changed after its approval',
          },
          records: [
            { type: 'publication.returned', data: { ...publicationData(record), evidence } },
          ],
        },
        voidApprovals(context, 'hash_mismatch'),
      );
  }
}

export function slotPassed(
  context: ItemContext,
  { publicationId }: Extract<SystemEvent, { type: 'slot_passed' }>,
): Move {
  const record = publicationById(context, publicationId);
  if (record === null || record.state !== 'planned') return NOTHING;
  const evidence = `its slot passed more than ${context.playbook.slotGraceMinutes} minutes ago`;
  return {
    change: {
      publications: withPublication(context, publicationId, { state: 'missed', evidence }),
    },
    records: [{ type: 'publication.missed', data: { ...publicationData(record), evidence } }],
  };
}

/** Not approved in time: the tentative slot is released, the stage stays. */
export function releaseSlot(
  context: ItemContext,
  { publicationId }: Extract<SystemEvent, { type: 'approval_deadline_passed' }>,
): Move {
  const record = publicationById(context, publicationId);
  if (record === null || record.state !== 'tentative') return NOTHING;
  const evidence = 'not approved in time';
  return {
    change: {
      publications: withPublication(context, publicationId, { state: 'skipped', evidence }),
    },
    records: [{ type: 'publication.skipped', data: { ...publicationData(record), evidence } }],
  };
}
