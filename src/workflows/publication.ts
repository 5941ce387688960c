import { ActivityFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { Reconciliation } from '../activities/publishing/reconciling.ts';
import type { SendAttempt } from '../activities/publishing/send-attempt.ts';
import type { EventBatch } from '../activities/recording.ts';
import { halfPublished } from '../domain/channel/half-published.ts';
import type { PublicationOrder, PublicationOutcome } from '../domain/channel/publication-intent.ts';
import type { SendRules } from '../domain/item/machine/rules.ts';
import { clipText } from '../domain/item/size.ts';
import { reconcileOptions, SEND } from './activity-options.ts';
import type { SendState, WaitingSend } from './messages.ts';
import { activitiesOf } from './queue-activities.ts';
import { type NextTry, SendPace } from './send-pace.ts';

/** Of why a post waits, what a continued run still knows. */
const KEPT_WHY_BYTES = 300;

/** The run that sends: its events that the tables have to know before a send travel with it. */
export interface SendingRun {
  /** A run that is no more was sending it: what that did is looked up before anything else. */
  begun: boolean;
  /** How many posts it may be sending at once. */
  posts: number;
  /** How patient it is. */
  rules: SendRules;
  /** More than one attempt can take along. */
  hasTooMuch(): boolean;
  /** Carries the run's events to the tables. */
  record(): Promise<void>;
  /** What is not known to be in the tables yet. */
  pending(): EventBatch | null;
  recorded(seq: number): void;
  /** A sleep that the run knows of: a run that continues meanwhile goes on with this progress. */
  pause(ms: number, progress: Pick<WaitingSend, 'state' | 'pace'>): Promise<void>;
}

/**
 * One planned post, from its due slot to a settled outcome: send, look-up when the outcome is unknown.
 * No attempt begins once its time is over, however long a worker was away in between.
 * @param waiting where the run before this one left it.
 */
export async function publish(
  order: PublicationOrder,
  run: SendingRun,
  waiting?: WaitingSend,
): Promise<PublicationOutcome> {
  const state = { ...(waiting?.state ?? NOT_BEGUN) };
  const { posts, rules } = run;
  const counts = waiting && { counts: waiting.pace };
  const pace = new SendPace(Date.parse(order.sendUntil), { posts, rules, ...counts });
  if (run.begun) {
    const found = await lookUp(order, state, pace, 'the run that sent it was lost');
    if (found !== null) return found;
    state.isFirst = false;
  }
  let next: NextTry =
    waiting === undefined ? pace.next(Date.now()) : { waitMs: waiting.until - Date.now() };
  for (; ; next = pace.next(Date.now())) {
    if ('over' in next) return givenUp(order, state, next.over);
    if (next.waitMs > 0) await run.pause(next.waitMs, { state: kept(state), pace: pace.counts });
    const sent = await send(order, { ...state, run });
    state.isFirst = false;
    state.why = sent.evidence ?? sent.outcome;
    notePart(state, sent);
    switch (sent.outcome) {
      case 'unknown': {
        const found = await lookUp(order, state, pace, state.why);
        if (found !== null) return found;
        break;
      }
      case 'not_sent':
      case 'wait':
        pace.note(sent);
        break;
      case 'go_on':
        break;
      case 'ask_person':
        return { outcome: 'unknown', evidence: sent.evidence };
      default:
        return outcomeOf(sent);
    }
  }
}

/** @returns the outcome of the order; null when it goes on. */
async function lookUp(
  order: PublicationOrder,
  state: SendState,
  pace: SendPace,
  evidence: string,
): Promise<PublicationOutcome | null> {
  const found = await reconcile(order, evidence);
  if (isSettled(found)) return found;
  notePart(state, found);
  state.again ||= found.outcome === 'send_again';
  if (found.outcome !== 'go_on') pace.note(found);
  return null;
}

const NOT_BEGUN: SendState = {
  isFirst: true,
  again: false,
  why: 'nobody was there to send it',
  part: 0,
  of: 0,
};

/** What a continued run is given has a bound. */
function kept(state: SendState): SendState {
  return { ...state, why: clipText(state.why, KEPT_WHY_BYTES) };
}

/** How much of a thread is out is remembered: a later answer need not say it again. */
function notePart(state: SendState, answer: SendAttempt | Reconciliation): void {
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
  over: 'time' | 'sends' | 'tries',
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
  return { outcome: 'missed', evidence: `${why}; it was tried as often as a run can` };
}

function stoppedHalfWay({ part, of }: SendState, why: string): PublicationOutcome {
  return { outcome: 'unknown', evidence: halfPublished({ published: part, of }, why) };
}

/**
 * One attempt. One that died tells nothing: its outcome is unknown, whatever it did. One that no
 * worker took before its time was over was not made.
 */
async function send(
  order: PublicationOrder,
  { again, isFirst, run }: Pick<SendState, 'again' | 'isFirst'> & { run: SendingRun },
): Promise<SendAttempt> {
  const { sendPublication } = activitiesOf('sends', {
    ...SEND,
    summary: `${again ? 'send again' : 'send'} ${order.publicationId} to ${order.channel}`,
    scheduleToStartTimeout: Math.max(1, Date.parse(order.sendUntil) - Date.now()),
  });
  if (run.hasTooMuch()) await run.record();
  const record = run.pending();
  try {
    const sent = await sendPublication({
      order,
      again,
      ...(record !== null && { record }),
      ...(isFirst && { baselineAt: new Date(Date.now()).toISOString() }),
    });
    if (sent.recordedSeq !== undefined) run.recorded(sent.recordedSeq);
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

function outcomeOf(sent: SendAttempt & PublicationOutcome): PublicationOutcome {
  const { recordedSeq: _, ...outcome } = sent;
  return outcome;
}

function isSettled(found: Reconciliation): found is PublicationOutcome {
  return !['send_again', 'not_sent', 'go_on'].includes(found.outcome);
}

async function reconcile(order: PublicationOrder, evidence: string): Promise<Reconciliation> {
  const { reconcilePublication } = activitiesOf('lookups', {
    ...reconcileOptions(order.sendUntil, Date.now()),
    summary: `look up ${order.publicationId} on ${order.channel}`,
  });
  try {
    return await reconcilePublication({ order, evidence });
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'unknown', evidence: `${evidence}; the look-up gave no answer` };
  }
}
