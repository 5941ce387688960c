import {
  ActivityFailure,
  isCancellation,
  patched,
  proxyActivities,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { SendResult } from '../activities/publishing/send-outcome.ts';
import type { EventBatch } from '../activities/recording.ts';
import type { PublicationOrder, PublicationOutcome } from '../domain/channel/publication-intent.ts';
import { halfPublished } from '../domain/channel/publish-segments.ts';
import { COLLECT, reconcileOptions, SEND } from './activity-options.ts';
import { SendPace } from './send-pace.ts';

const { takeBaseline } = proxyActivities<Pick<Activities, 'takeBaseline'>>(COLLECT);

/** Patch: what was certainly not taken is tried until the order's time is over. */
const PATIENT_SENDS = 'patient-sends';

/** The run that sends: its events that the tables have to know before a send travel with it. */
export interface SendingRun {
  /** What is not known to be in the tables yet. */
  pending(): EventBatch | null;
  recorded(seq: number): void;
  /** A sleep that the run knows of. */
  pause(ms: number): Promise<void>;
}

/**
 * One planned post as a run of its own: how runs before `SEND_IN_RUN` published, and how a post is
 * sent that no item's run waits for.
 */
export async function publication(order: PublicationOrder): Promise<PublicationOutcome> {
  await baseline(order);
  return publish(order);
}

/**
 * One planned post, from its due slot to a settled outcome: send, look-up when the outcome is unknown.
 * No attempt begins once its time is over, however long a worker was away in between.
 */
export async function publish(
  order: PublicationOrder,
  run?: SendingRun,
): Promise<PublicationOutcome> {
  const state: SendState = { again: false, why: 'nobody was there to send it', part: 0, of: 0 };
  const pace = new SendPace(Date.parse(order.sendUntil), () => !patched(PATIENT_SENDS));
  for (let isFirst = true; ; isFirst = false) {
    const next = pace.next(Date.now());
    if ('over' in next) return givenUp(order, state, { ...next, isHasty: pace.isHasty });
    if (next.waitMs > 0) await (run?.pause(next.waitMs) ?? sleep(next.waitMs));
    const sent = await send(order, { again: state.again, isFirst, run });
    state.why = sent.evidence ?? sent.outcome;
    notePart(state, sent);
    switch (sent.outcome) {
      case 'unknown': {
        const found = await reconcile(order, state.why);
        if (isSettled(found)) return found;
        notePart(state, found);
        state.again ||= found.outcome === 'send_again';
        if (found.outcome === 'send_again') pace.note({ kind: 'not_found' });
        if (found.outcome === 'not_sent') pace.note({ kind: 'not_begun' });
        break;
      }
      case 'not_sent':
        pace.note({ kind: 'not_taken', retryAfterMs: sent.retryAfterMs });
        break;
      case 'wait':
        pace.note({ kind: 'not_now', waitMs: sent.waitMs, whenLifted: sent.whenLifted });
        break;
      case 'part':
        break;
      case 'half_published':
      case 'in_doubt':
        return { outcome: 'unknown', evidence: sent.evidence };
      default:
        return outcomeOf(sent);
    }
  }
}

interface SendState {
  again: boolean;
  why: string;
  /** Texts of a thread that are out. */
  part: number;
  of: number;
}

/** How much of a thread is out is remembered: a later answer need not say it again. */
function notePart(state: SendState, answer: SendResult | Found): void {
  if (!('part' in answer) || answer.part === undefined) return;
  state.part = answer.part.published;
  state.of = answer.part.of;
}

/**
 * What was certainly not sent is missed; after an attempt that nobody saw end, a person looks. The words
 * are part of the item's chain: a replay has to find the same ones.
 */
function givenUp(
  { sendUntil }: PublicationOrder,
  state: SendState,
  { over, sends, isHasty }: { over: 'time' | 'sends' | 'tries'; sends: number; isHasty: boolean },
): PublicationOutcome {
  const { again, why, part } = state;
  if (over === 'time') {
    if (part > 0) return stoppedHalfWay(state, `${why}, and ${sendUntil} is over`);
    return again
      ? {
          outcome: 'unknown',
          evidence: `${why}; the look-up found nothing, and ${sendUntil} is over`,
        }
      : { outcome: 'missed', evidence: `${why}; it could be sent until ${sendUntil}` };
  }
  if (part > 0) return stoppedHalfWay(state, why);
  if (again) return { outcome: 'unknown', evidence: `${why}; the look-ups found nothing` };
  return isHasty
    ? { outcome: 'rejected', evidence: `${why}; nothing was sent in ${sends} attempts` }
    : { outcome: 'missed', evidence: `${why}; it was tried as often as a run can` };
}

function stoppedHalfWay({ part, of }: SendState, why: string): PublicationOutcome {
  return { outcome: 'unknown', evidence: halfPublished({ published: part, of }, why) };
}

/** The state of the account before the post: follower growth is measured from it. Its lack stops no post. */
async function baseline(order: PublicationOrder): Promise<void> {
  try {
    await takeBaseline({ ...order, at: new Date(Date.now()).toISOString() });
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}

/**
 * One attempt. One that died tells nothing: its outcome is unknown, whatever it did. One that no
 * worker took before its time was over was not made.
 */
async function send(
  order: PublicationOrder,
  { again, isFirst, run }: { again: boolean; isFirst: boolean; run: SendingRun | undefined },
): Promise<SendResult> {
  const { sendPublication } = proxyActivities<Pick<Activities, 'sendPublication'>>({
    ...SEND,
    scheduleToStartTimeout: Math.max(1, Date.parse(order.sendUntil) - Date.now()),
  });
  const record = run?.pending() ?? null;
  try {
    const sent = await sendPublication({
      ...{ order, again },
      ...(record !== null && { record }),
      ...(run !== undefined && isFirst && { baselineAt: new Date(Date.now()).toISOString() }),
    });
    if (sent.recordedSeq !== undefined) run?.recorded(sent.recordedSeq);
    return sent;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return isNeverStarted(error)
      ? { outcome: 'not_sent', evidence: 'no worker took the send' }
      : { outcome: 'unknown', evidence: 'the attempt to send ended without an answer' };
  }
}

function isNeverStarted(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof TimeoutFailure &&
    error.cause.timeoutType === 'SCHEDULE_TO_START'
  );
}

function outcomeOf(sent: SendResult & PublicationOutcome): PublicationOutcome {
  const { recordedSeq: _, ...outcome } = sent;
  return outcome;
}

type Found = Awaited<ReturnType<Activities['reconcilePublication']>>;

function isSettled(found: Found): found is PublicationOutcome {
  return !['send_again', 'not_sent', 'go_on'].includes(found.outcome);
}

async function reconcile(order: PublicationOrder, evidence: string): Promise<Found> {
  const { reconcilePublication } = proxyActivities<Pick<Activities, 'reconcilePublication'>>(
    reconcileOptions(order.sendUntil, Date.now()),
  );
  try {
    return await reconcilePublication({ order, evidence });
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'unknown', evidence: `${evidence}; the look-up gave no answer` };
  }
}
