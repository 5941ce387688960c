import { isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { SendResult } from '../activities/publishing.ts';
import type { PublicationOrder, PublicationOutcome } from '../domain/publication-intent.ts';
import { COLLECT, RECONCILE, SEND } from './activity-options.ts';

const { takeBaseline } = proxyActivities<Pick<Activities, 'takeBaseline'>>(COLLECT);
const { sendPublication } = proxyActivities<Pick<Activities, 'sendPublication'>>(SEND);
const { reconcilePublication } =
  proxyActivities<Pick<Activities, 'reconcilePublication'>>(RECONCILE);

/** A send that provably never left may be tried again this often before people are asked. */
const MAX_SENDS = 5;
/** Waits between such tries when the channel names none. */
const RETRY_AFTER_MS = 5_000;

/**
 * One planned post, from its due slot to a settled outcome: baseline, hash check and send, look-up
 * when the outcome is unknown. It lives only while it works; waiting is the item's.
 */
export async function publication(order: PublicationOrder): Promise<PublicationOutcome> {
  await baseline(order);
  for (let attempt = 1; ; attempt += 1) {
    const sent = await send(order);
    if (sent.outcome === 'unknown') {
      const found = await reconcile(order, sent.evidence ?? 'the outcome of the send is unknown');
      if (found !== 'send_again') return found;
    } else if (sent.outcome !== 'not_sent') {
      return sent;
    }
    if (attempt >= MAX_SENDS) {
      const why = sent.evidence ?? 'the channel could not be reached';
      return { outcome: 'rejected', evidence: `${why}; nothing was sent in ${attempt} attempts` };
    }
    const wait = sent.outcome === 'not_sent' ? sent.retryAfterMs : undefined;
    await sleep(wait ?? RETRY_AFTER_MS * attempt);
  }
}

/** The state of the account before the post: follower growth is measured from it. Its lack stops no post. */
async function baseline(order: PublicationOrder): Promise<void> {
  try {
    await takeBaseline({ ...order, at: new Date(Date.now()).toISOString() });
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}

/** An attempt that died tells nothing: its outcome is unknown, whatever it did. */
async function send(order: PublicationOrder): Promise<SendResult> {
  try {
    return await sendPublication(order);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'unknown', evidence: 'the attempt to send ended without an answer' };
  }
}

async function reconcile(
  order: PublicationOrder,
  evidence: string,
): Promise<PublicationOutcome | 'send_again'> {
  try {
    const found = await reconcilePublication({ order, evidence });
    return found.outcome === 'send_again' ? 'send_again' : found;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'unknown', evidence: `${evidence}; the look-up gave no answer` };
  }
}
