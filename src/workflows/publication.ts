import {
  ActivityFailure,
  isCancellation,
  proxyActivities,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { SendResult } from '../activities/publishing.ts';
import type { PublicationOrder, PublicationOutcome } from '../domain/publication-intent.ts';
import { COLLECT, RECONCILE, SEND } from './activity-options.ts';

const { takeBaseline } = proxyActivities<Pick<Activities, 'takeBaseline'>>(COLLECT);
const { reconcilePublication } =
  proxyActivities<Pick<Activities, 'reconcilePublication'>>(RECONCILE);

/** A send that provably never left may be tried again this often before people are asked. */
const MAX_SENDS = 5;
/** Waits between such tries when the channel names none. */
const RETRY_AFTER_MS = 5_000;

/**
 * One planned post, from its due slot to a settled outcome: baseline, hash check and send, look-up
 * when the outcome is unknown. It lives only while it works; waiting is the item's. Nothing is sent
 * once its time is over, however long a worker was away in between.
 */
export async function publication(order: PublicationOrder): Promise<PublicationOutcome> {
  await baseline(order);
  let again = false;
  let waitMs = 0;
  let why = 'nobody was there to send it';
  for (let attempt = 1; attempt <= MAX_SENDS; attempt += 1) {
    if (Date.now() + waitMs > Date.parse(order.sendUntil)) return tooLate(order, why, { again });
    if (waitMs > 0) await sleep(waitMs);
    const sent = await send(order, { again });
    why = sent.evidence ?? sent.outcome;
    if (sent.outcome === 'unknown') {
      const found = await reconcile(order, why);
      if (isSettled(found)) return found;
      again ||= found.outcome === 'send_again';
      waitMs = 0;
    } else if (sent.outcome === 'not_sent') {
      waitMs = sent.retryAfterMs ?? RETRY_AFTER_MS * attempt;
      // Waiting for a freeze or a blackout to end uses up no attempt; only the grace ends it.
      if (sent.blocked === true) attempt -= 1;
    } else {
      return sent;
    }
  }
  return again
    ? { outcome: 'unknown', evidence: `${why}; the look-ups found nothing` }
    : { outcome: 'rejected', evidence: `${why}; nothing was sent in ${MAX_SENDS} attempts` };
}

/** What was certainly not sent is missed; after an attempt that nobody saw end, a person looks. */
function tooLate(
  { sendUntil }: PublicationOrder,
  why: string,
  { again }: { again: boolean },
): PublicationOutcome {
  return again
    ? {
        outcome: 'unknown',
        evidence: `${why}; the look-up found nothing, and ${sendUntil} is over`,
      }
    : { outcome: 'missed', evidence: `${why}; it could be sent until ${sendUntil}` };
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
async function send(order: PublicationOrder, { again }: { again: boolean }): Promise<SendResult> {
  const { sendPublication } = proxyActivities<Pick<Activities, 'sendPublication'>>({
    ...SEND,
    scheduleToStartTimeout: Math.max(1, Date.parse(order.sendUntil) - Date.now()),
  });
  try {
    return await sendPublication({ order, again });
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

type Found = Awaited<ReturnType<Activities['reconcilePublication']>>;

function isSettled(found: Found): found is PublicationOutcome {
  return found.outcome !== 'send_again' && found.outcome !== 'not_sent';
}

async function reconcile(order: PublicationOrder, evidence: string): Promise<Found> {
  try {
    return await reconcilePublication({ order, evidence });
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'unknown', evidence: `${evidence}; the look-up gave no answer` };
  }
}
