import {
  ActivityFailure,
  isCancellation,
  proxyActivities,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { EventBatch } from '../activities/recording.ts';
import type { SendResult } from '../activities/send-outcome.ts';
import type { PublicationOrder, PublicationOutcome } from '../domain/publication-intent.ts';
import { COLLECT, RECONCILE, SEND } from './activity-options.ts';

const { takeBaseline } = proxyActivities<Pick<Activities, 'takeBaseline'>>(COLLECT);
const { reconcilePublication } =
  proxyActivities<Pick<Activities, 'reconcilePublication'>>(RECONCILE);

/** A send that provably never left may be tried again this often before people are asked. */
const MAX_SENDS = 5;
/** Attempts in all, with those that only waited or sent a part of a thread. */
const MAX_ATTEMPTS = 200;
/** Waits between such tries when the channel names none. */
const RETRY_AFTER_MS = 5_000;
/** Longest wait for what may end sooner than it says, such as a database that is away. */
const MAX_WAIT_MS = 60_000;
/** Longest wait for a freeze to be lifted: a whole workspace may be waiting. */
const MAX_WAIT_FROZEN_MS = 300_000;

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
 * Nothing is sent once its time is over, however long a worker was away in between.
 */
export async function publish(
  order: PublicationOrder,
  run?: SendingRun,
): Promise<PublicationOutcome> {
  const state = { again: false, why: 'nobody was there to send it', part: 0, of: 0 };
  let sends = 0;
  let waits = 0;
  let waitMs = 0;
  for (let attempt = 1; sends < MAX_SENDS && attempt <= MAX_ATTEMPTS; attempt += 1) {
    if (Date.now() + waitMs > Date.parse(order.sendUntil)) return tooLate(order, state);
    if (waitMs > 0) await (run?.pause(waitMs) ?? sleep(waitMs));
    const sent = await send(order, { again: state.again, isFirst: attempt === 1, run });
    state.why = sent.evidence ?? sent.outcome;
    notePart(state, sent);
    switch (sent.outcome) {
      case 'unknown': {
        const found = await reconcile(order, state.why);
        if (isSettled(found)) return found;
        notePart(state, found);
        if (found.outcome !== 'go_on') sends += 1;
        state.again ||= found.outcome === 'send_again';
        waitMs = 0;
        break;
      }
      case 'not_sent':
        sends += 1;
        waitMs = sent.retryAfterMs ?? RETRY_AFTER_MS * sends;
        break;
      case 'wait':
        waits += 1;
        waitMs = Math.max(sent.waitMs ?? 0, patience(waits, sent));
        break;
      case 'part':
        waitMs = 0;
        break;
      case 'half_published':
      case 'in_doubt':
        return { outcome: 'unknown', evidence: sent.evidence };
      default:
        return outcomeOf(sent);
    }
  }
  if (state.part > 0) return halfPublished(state, state.why);
  return state.again
    ? { outcome: 'unknown', evidence: `${state.why}; the look-ups found nothing` }
    : { outcome: 'rejected', evidence: `${state.why}; nothing was sent in ${sends} attempts` };
}

/** Many may wait for one write, or for one person: each asks less often, the longer it waits. */
function patience(waits: number, { whenLifted }: { whenLifted?: true }): number {
  const longest = whenLifted === true ? MAX_WAIT_FROZEN_MS : MAX_WAIT_MS;
  return Math.min(longest, 500 * 2 ** Math.min(waits, 10));
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

/** What was certainly not sent is missed; after an attempt that nobody saw end, a person looks. */
function tooLate({ sendUntil }: PublicationOrder, state: SendState): PublicationOutcome {
  const { again, why, part } = state;
  if (part > 0) return halfPublished(state, `${why}, and ${sendUntil} is over`);
  return again
    ? {
        outcome: 'unknown',
        evidence: `${why}; the look-up found nothing, and ${sendUntil} is over`,
      }
    : { outcome: 'missed', evidence: `${why}; it could be sent until ${sendUntil}` };
}

function halfPublished({ part, of }: SendState, why: string): PublicationOutcome {
  return { outcome: 'unknown', evidence: `${part} of ${of} texts are published; ${why}` };
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
  try {
    return await reconcilePublication({ order, evidence });
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'unknown', evidence: `${evidence}; the look-up gave no answer` };
  }
}
