import { DECISIONS } from '../../kpi/recommendation.ts';
import type { SystemEvent, UnavailableSource } from '../commands.ts';
import { type ItemContext, publicationById, type StageClock } from '../context.ts';
import type { ItemEvent } from '../event.ts';
import { rulesOf } from '../machine/rules.ts';
import { NOT_PLANNED } from '../moves/publication.ts';
import type { ItemSnapshot } from '../snapshot.ts';

/** A state with the clock that something else tells of. */
export function adoptClock(snapshot: ItemSnapshot, told: StageClock | null): ItemSnapshot {
  const { clock } = snapshot.context;
  if (clock === null || told === null) return snapshot;
  return { ...snapshot, context: { ...snapshot.context, clock: { ...clock, steps: told.steps } } };
}

/** An event of the clock says when it stood where. */
export function withClockOf(snapshot: ItemSnapshot, { type, at, data }: ItemEvent): ItemSnapshot {
  const { clock } = snapshot.context;
  if (clock === null) return snapshot;
  const dueAt = type === 'clock.extended' ? data['from'] : data['dueAt'];
  const step = stepIndex(snapshot.context, type, data);
  if (typeof dueAt !== 'string' || (step === null && type !== 'clock.extended')) return snapshot;
  const due = Date.parse(dueAt);
  const steps: StageClock['steps'] = [clock.steps[0], clock.steps[1], due, clock.steps[3]];
  // It had passed when the event was written: no more than that is known of it.
  if (step !== null && step !== 2) steps[step] = Math.min(steps[step], Date.parse(at));
  return adoptClock(snapshot, { ...clock, steps });
}

type StepIndex = 0 | 1 | 2 | 3;
const CLOCK_EVENTS: readonly string[] = ['sla.warned', 'sla.breached', 'item.escalated'];

function stepIndex(context: ItemContext, type: string, data: ItemEvent['data']): StepIndex | null {
  if (!CLOCK_EVENTS.includes(type)) return null;
  const index = rulesOf(context).clockPercents.indexOf(Number(data['percent']));
  return index === -1 ? null : (index as StepIndex);
}

/** What may have caused an event of the system, as its own data tell it. */
export function causesOf(context: ItemContext, event: ItemEvent): SystemEvent[] {
  const { type, at, data } = event;
  const text = (key: string) => (typeof data[key] === 'string' ? (data[key] as string) : undefined);
  const publicationId = text('publicationId') ?? '';
  const evidence = text('evidence');
  const settled = {
    type: 'publication_settled',
    at,
    publicationId,
    ...(evidence !== undefined && { evidence }),
  } as const;
  switch (type) {
    case 'publication.due':
      return [{ type: 'publication_due', at, publicationId }];
    case 'publication.sending':
      return [{ type: 'publication_sending', at, publicationId }];
    case 'publication.published': {
      const [remoteId, permalink, publishedAt] = [
        text('remoteId'),
        text('permalink'),
        text('publishedAt'),
      ];
      return [
        {
          ...settled,
          outcome: 'published',
          ...(remoteId !== undefined && { remoteId }),
          ...(permalink !== undefined && { permalink }),
          ...(publishedAt !== undefined && { publishedAt }),
        },
      ];
    }
    case 'publication.rejected':
      return [{ ...settled, outcome: 'rejected' }];
    case 'publication.unknown':
      return [{ ...settled, outcome: 'unknown' }];
    case 'publication.missed':
      return publicationById(context, publicationId)?.state === 'planned'
        ? [{ type: 'slot_passed', at, publicationId }]
        : [{ ...settled, outcome: 'missed' }];
    case 'publication.returned':
      return publicationById(context, publicationId)?.state === 'planned'
        ? [{ type: 'publication_due', at, publicationId, unapproved: true }]
        : [
            { ...settled, outcome: 'hash_mismatch' },
            { ...settled, outcome: 'hash_mismatch', superseded: true },
          ];
    case 'publication.skipped':
      return [
        {
          type: 'approval_deadline_passed',
          at,
          publicationId,
          ...(evidence === NOT_PLANNED && { approved: true }),
        },
      ];
    case 'kpi_checkpoint.recorded':
    case 'kpi_checkpoint.missing': {
      const checkpoint = text('checkpoint') ?? '';
      const settledAs =
        type === 'kpi_checkpoint.recorded' ? 'checkpoint_recorded' : 'checkpoint_missed';
      const { unavailable } = data;
      const said = Array.isArray(unavailable) && {
        unavailable: unavailable as UnavailableSource[],
      };
      return [{ type: settledAs, at, publicationId, checkpoint, ...said }];
    }
    case 'kpi_review.frozen': {
      const recommended = DECISIONS.find((decision) => decision === data['recommended']);
      return [
        {
          type: 'review_frozen',
          at,
          reviewId: text('reviewId') ?? '',
          hash: text('hash') ?? '',
          ...(recommended !== undefined && { recommended }),
        },
      ];
    }
    case 'sla.warned':
    case 'sla.breached':
    case 'item.escalated': {
      const step = stepIndex(context, type, data);
      const { percent } = data;
      return step === null || typeof percent !== 'number'
        ? []
        : [{ type: 'clock_step', at, step, percent }];
    }
    case 'campaign.released':
      return [{ type: 'campaign_released', at }];
    case 'campaign.cancelled':
      return [{ type: 'campaign_cancelled', at, reason: text('reason') ?? '' }];
    default:
      return [];
  }
}
