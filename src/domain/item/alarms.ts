import { dueAtOf } from './clock.ts';
import {
  approvalsHold,
  currentReview,
  type ItemContext,
  type PublicationRecord,
} from './context.ts';
import { type Deadline, deadlinesOf } from './deadlines.ts';
import { openRefusals } from './refusals.ts';
import { heldUntil, isBound } from './slots.ts';
import { type Place, stageOf, substageOf } from './stages.ts';

const MINUTE_MS = 60_000;
/** A slot is late when its outcome is not settled so long after its time. */
const LATE_MS = 15 * MINUTE_MS;
/** A run gets so long to do what its clock asks: a worker that restarts needs some seconds. */
export const TIMER_GRACE_MS = MINUTE_MS;
/** The last look for readings begins when the grace of its checkpoint ends; a slow source takes so long. */
export const LAST_LOOK_MS = 4 * MINUTE_MS;
/** A slot that nothing is approved for is worth a word so long before it would be lost. */
const SLOT_AT_RISK_MS = 24 * 60 * MINUTE_MS;
/** Freezing the readings of a review takes seconds. */
const UNFROZEN_MS = 10 * MINUTE_MS;

/** What the audit finds by an item's row alone, once its time has come. */
export const ALARM_CODES = [
  'overdue',
  'slot_without_approval',
  'publication_unknown',
  'publication_late',
  'publication_missed',
  'publication_rejected',
  'checkpoint_missing',
  'review_undecided',
  'timer_overdue',
] as const;
export type AlarmCode = (typeof ALARM_CODES)[number];

/**
 * Something that is wrong with an item after an instant, unless the item moves before. The row keeps
 * the alarms of its state, so that the audit only compares times.
 */
export interface Alarm {
  code: AlarmCode;
  /** It is wrong after this instant of the item's own clock. */
  at: string;
  /** What is wrong, among the alarms of this code: the same while it stays wrong. */
  subject: string;
  /** Since when it counts as wrong once it does. */
  since: string;
  evidence: Record<string, unknown>;
  /** Of a post: its publication, and the event that says since when, where one does. */
  publicationId?: string;
  sinceEvent?: `publication.${'unknown' | 'missed' | 'rejected'}`;
}

/** An alarm as it is set, times in epoch milliseconds. */
type Setting = Omit<Alarm, 'at' | 'since'> & { at: number; since: number };

/** Every alarm of an item, soonest first. One whose time cannot be read is not set. */
export function alarmsOf(place: Place, context: ItemContext): Alarm[] {
  if (place === 'closed' || place === 'cancelled') return [];
  return [
    ...clockAlarms(place, context),
    ...context.publications
      .filter((record) => Number.isFinite(Date.parse(record.at)))
      .flatMap((record) => slotAlarms(place, context, record)),
    ...checkpointAlarms(context),
    ...reviewAlarms(place, context),
    ...deadlinesOf(place, context)
      .filter(({ at }) => Number.isFinite(at))
      .map((deadline) => timerAlarm(deadline, context)),
  ]
    .filter(({ at, since }) => Number.isFinite(at) && Number.isFinite(since))
    .sort((a, b) => a.at - b.at)
    .map((alarm) => ({ ...alarm, at: iso(alarm.at), since: iso(alarm.since) }));
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Past 100 % of the stage's clock. A clock that stands still (`on_hold`) is not overdue. */
function clockAlarms(place: Place, context: ItemContext): Setting[] {
  const { itemId, clock, stageEnteredAt } = context;
  const dueAt = dueAtOf(context);
  if (place === 'on_hold' || clock === null || dueAt === null) return [];
  const stage = stageOf(place);
  const at = Date.parse(dueAt);
  return [
    {
      code: 'overdue',
      at,
      since: at,
      subject: `${itemId}:${stage}:${stageEnteredAt}`,
      evidence: {
        stage,
        substage: substageOf(place),
        stageEnteredAt,
        dueAt,
        stepsPassed: clock.fired,
      },
    },
  ];
}

function slotAlarms(place: Place, context: ItemContext, record: PublicationRecord): Setting[] {
  const { id: publicationId, channelAccountId, channel, slotNumber, state, at } = record;
  const slot = { publicationId, channelAccountId, channel, slotNumber, state, at };
  const evidence = { ...slot, evidence: record.evidence };
  const time = Date.parse(at);
  const isAwaited = place === 'scheduled' || place === 'publishing';
  const late: Setting = {
    code: 'publication_late',
    at: time + LATE_MS,
    since: time,
    subject: `${publicationId}:${at}`,
    evidence,
    publicationId,
  };
  switch (state) {
    case 'tentative': {
      if (approvalsHold(context)) return [];
      return [unapproved(context, record, evidence, heldUntil(context, record) - SLOT_AT_RISK_MS)];
    }
    case 'planned': {
      const risk = isAwaited ? Date.parse(context.stageEnteredAt) : time - SLOT_AT_RISK_MS;
      return [
        ...(isBound(context, record) ? [] : [unapproved(context, record, evidence, risk)]),
        ...(isAwaited ? [late] : []),
      ];
    }
    case 'due':
    case 'sending':
      return [late];
    case 'rejected':
    case 'unknown':
    case 'missed': {
      if (state === 'rejected' && !openRefusals(context).includes(record)) return [];
      return [
        {
          ...late,
          code: `publication_${state}`,
          at: time,
          subject: `${publicationId}:${slotNumber}`,
          sinceEvent: `publication.${state}`,
        },
      ];
    }
    case 'published':
    case 'skipped':
    case 'not_live':
      return [];
  }
}

/** A slot that would go out, or be lost, and whose content is not approved. */
function unapproved(
  context: ItemContext,
  record: PublicationRecord,
  evidence: Record<string, unknown>,
  at: number,
): Setting {
  return {
    code: 'slot_without_approval',
    at,
    since: Date.parse(context.stageEnteredAt),
    subject: `${record.id}:${record.at}`,
    evidence: {
      ...evidence,
      heldUntil: iso(heldUntil(context, record)),
      contentHash: context.contentHash,
      plannedHash: record.contentHash,
      gate: context.approvals.at(-1)?.state ?? null,
    },
  };
}

function checkpointAlarms({ checkpoints }: ItemContext): Setting[] {
  return checkpoints.flatMap(({ state, publicationId, checkpoint, required, dueAt, settledAt }) => {
    if (state !== 'missing') return [];
    return [
      {
        code: 'checkpoint_missing' as const,
        at: Date.parse(dueAt),
        since: Date.parse(settledAt ?? dueAt),
        subject: `${publicationId}:${checkpoint}`,
        evidence: { publicationId, checkpoint, required, dueAt },
      },
    ];
  });
}

/** Past its due time without every sign-off, or its readings were never frozen. */
function reviewAlarms(place: Place, context: ItemContext): Setting[] {
  const review = currentReview(context);
  if (place !== 'kpi_review' || review === null) return [];
  const dueAt = dueAtOf(context);
  const due = dueAt === null ? Number.POSITIVE_INFINITY : Date.parse(dueAt);
  const entered = Date.parse(context.stageEnteredAt);
  const frozen = review.hash !== null;
  return [
    {
      code: 'review_undecided',
      at: frozen ? due : Math.min(due, entered + UNFROZEN_MS),
      since: frozen ? due : entered,
      subject: `${review.id}:review`,
      evidence: {
        reviewId: review.id,
        frozen,
        dueAt,
        signed: review.signOffs.map(({ role }) => role),
      },
    },
  ];
}

/**
 * A deadline that the run's clock has passed without the run noticing; of a checkpoint, the end of its
 * grace, for until then the run waits for readings.
 */
function timerAlarm(deadline: Deadline, { itemId, clock }: ItemContext): Setting {
  const isCheckpoint = deadline.kind === 'checkpoint';
  const at = isCheckpoint ? deadline.graceUntil : deadline.at;
  const about = aboutOf(deadline, clock?.stage ?? '');
  return {
    code: 'timer_overdue',
    at: at + TIMER_GRACE_MS + (isCheckpoint ? LAST_LOOK_MS : 0),
    since: at,
    subject: [itemId, deadline.kind, about.publicationId, about.part, iso(at)]
      .filter((part) => part !== undefined)
      .join(':'),
    evidence: { deadline: deadline.kind, ...about, at: iso(at) },
  };
}

function aboutOf(deadline: Deadline, stage: string): { publicationId?: string; part?: string } {
  switch (deadline.kind) {
    case 'clock_step':
      return { part: `${stage} ${deadline.step}` };
    case 'checkpoint':
      return { publicationId: deadline.publicationId, part: deadline.checkpoint };
    case 'publication_due':
    case 'slot_passed':
    case 'approval_deadline_passed':
      return { publicationId: deadline.publicationId };
  }
}
