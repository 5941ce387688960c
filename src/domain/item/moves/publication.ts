import type { SystemEvent } from '../commands.ts';
import {
  type ItemContext,
  isSending,
  type PublicationRecord,
  publicationById,
} from '../context.ts';
import { rulesOf } from '../machine/rules.ts';
import { newCheckpoint, publicationData, withPublication } from '../publication-record.ts';
import { clipText } from '../size.ts';
import { givenUpAt, heldUntil, slotEndsAt } from '../slots.ts';
import { voidApprovals } from './approval.ts';
import { withdrawOpenHandoff } from './handoff.ts';
import { type Move, merge, NOTHING, recorded } from './move.ts';
import { holdSlotsForApproval } from './slot.ts';

/** A published record starts its checkpoints. */
export function markPublished(
  context: ItemContext,
  record: PublicationRecord,
  live: {
    publishedAt: string;
    permalink: string | null;
    remoteId: string | null;
    evidence: string | null;
  },
): Move {
  const { id } = record;
  const { publishedAt } = live;
  const checkpoints = context.playbook.checkpoints.map((checkpoint) =>
    newCheckpoint({ id, publishedAt }, checkpoint),
  );
  return {
    change: {
      publications: withPublication(context, id, { state: 'published', ...live }),
      checkpoints: [...context.checkpoints, ...checkpoints],
    },
    records: [
      {
        type: 'publication.published',
        data: { ...publicationData(record), contentHash: record.contentHash, ...live },
      },
      {
        type: 'kpi_checkpoint.planned',
        data: {
          publicationId: id,
          checkpoints: checkpoints.map(({ checkpoint, dueAt }) => ({ checkpoint, dueAt })),
        },
      },
    ],
  };
}

/** True when the slot's time has come, and the run found no approval of what it carries. */
export function isDueUnapproved(
  context: ItemContext,
  { publicationId, at, unapproved }: Extract<SystemEvent, { type: 'publication_due' }>,
): boolean {
  const record = publicationById(context, publicationId);
  return unapproved === true && record !== null && isToBeSent(context, record, at);
}

/** Planned, its time has come and its grace has not ended. */
function isToBeSent(context: ItemContext, record: PublicationRecord, at: string): boolean {
  const now = Date.parse(at);
  return (
    record.state === 'planned' &&
    now >= Date.parse(record.at) &&
    now <= slotEndsAt(record, context.playbook)
  );
}

/**
 * A planned slot's time has come: it becomes due, once. Too late is missed, never "now"; a record
 * that does not carry what the approvals bind is not sent.
 */
export function publicationDue(
  context: ItemContext,
  event: Extract<SystemEvent, { type: 'publication_due' }>,
): Move {
  const { publicationId } = event;
  const record = publicationById(context, publicationId);
  if (record === null) return NOTHING;
  if (isDueUnapproved(context, event)) {
    return returnToGate(context, record, {
      evidence: 'the slot came without an approval of its content',
      at: event.at,
    });
  }
  if (!isToBeSent(context, record, event.at)) {
    return slotPassed(context, { ...event, type: 'slot_passed' });
  }
  const publications = withPublication(context, publicationId, { state: 'due' });
  return recorded({ publications }, 'publication.due', publicationData(record));
}

export function publicationSending(
  context: ItemContext,
  { publicationId }: Extract<SystemEvent, { type: 'publication_sending' }>,
): Move {
  const record = publicationById(context, publicationId);
  if (record?.state !== 'due') return NOTHING;
  const publications = withPublication(context, publicationId, { state: 'sending' });
  return recorded({ publications }, 'publication.sending', publicationData(record));
}

/** True when a send found another content than the one that is approved: the item goes to its gate. */
export function isContentMismatch(
  context: ItemContext,
  { publicationId, outcome, superseded }: Extract<SystemEvent, { type: 'publication_settled' }>,
): boolean {
  const record = publicationById(context, publicationId);
  return outcome === 'hash_mismatch' && superseded !== true && record !== null && isSending(record);
}

/** The item has another content than the one that is being sent. */
export function isSuperseded(context: ItemContext, publicationId: string): boolean {
  return publicationById(context, publicationId)?.contentHash !== context.contentHash;
}

/** Back to `planned`, with every approval of the content void; the other slots wait for the next one. */
function returnToGate(
  context: ItemContext,
  record: PublicationRecord,
  { evidence, at }: { evidence: string; at: string },
): Move {
  const publications = withPublication(context, record.id, { state: 'planned', evidence });
  return merge(
    recorded(
      { stageNote: clipText(evidence, rulesOf(context).keptTextBytes) },
      'publication.returned',
      {
        ...publicationData(record),
        evidence,
      },
    ),
    holdSlotsForApproval({ ...context, publications }, { at, because: 'hash_mismatch' }),
    withdrawOpenHandoff(context, { at, memberId: 'system' }),
    voidApprovals(context, 'hash_mismatch'),
  );
}

/**
 * The outcome of a send. A failed hash check returns the record to `planned` and voids the approvals
 * of that content; approvals of a later content stand.
 */
export function publicationSettled(
  context: ItemContext,
  event: Extract<SystemEvent, { type: 'publication_settled' }>,
): Move {
  const record = publicationById(context, event.publicationId);
  if (record === null || !isSending(record)) return NOTHING;
  const evidence = event.evidence ?? null;
  const data = { ...publicationData(record), evidence };
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
    case 'missed': {
      const change = {
        publications: withPublication(context, record.id, { state: event.outcome, evidence }),
        stageNote:
          event.outcome === 'rejected'
            ? clipText(`rejected: ${evidence ?? ''}`, rulesOf(context).keptTextBytes)
            : context.stageNote,
      };
      return recorded(change, `publication.${event.outcome}`, data);
    }
    case 'hash_mismatch': {
      if (isContentMismatch(context, event)) {
        return returnToGate(context, record, {
          evidence: evidence ?? 'the content changed after its approval',
          at: event.at,
        });
      }
      const publications = withPublication(context, record.id, { state: 'planned', evidence });
      return recorded({ publications }, 'publication.returned', data);
    }
  }
}

export function slotPassed(
  context: ItemContext,
  { publicationId, at }: Extract<SystemEvent, { type: 'slot_passed' }>,
): Move {
  const record = publicationById(context, publicationId);
  if (record?.state !== 'planned') return NOTHING;
  // A timer armed before the slot was moved.
  if (Date.parse(at) < slotEndsAt(record, context.playbook)) return NOTHING;
  const evidence = `its slot passed more than ${context.playbook.slotGraceMinutes} minutes ago`;
  const publications = withPublication(context, publicationId, { state: 'missed', evidence });
  return recorded({ publications }, 'publication.missed', {
    ...publicationData(record),
    evidence,
  });
}

/** Why an approved slot was given up. */
export const NOT_PLANNED = 'not planned in time';

/** Not approved, or approved and not planned, in time: the slot is released, the stage stays. */
export function releaseSlot(
  context: ItemContext,
  { publicationId, at, approved }: Extract<SystemEvent, { type: 'approval_deadline_passed' }>,
): Move {
  const record = publicationById(context, publicationId);
  if (record === null) return NOTHING;
  const until =
    record.state === 'tentative' ? heldUntil(context, record) : givenUpAt(context, record);
  if (until === null || Date.parse(at) < until) return NOTHING;
  const evidence = approved === true ? NOT_PLANNED : 'not approved in time';
  const released = { evidence, released: true } as const;
  return recorded(
    { publications: withPublication(context, publicationId, { state: 'skipped', ...released }) },
    'publication.skipped',
    { ...publicationData(record), ...released },
  );
}
