import type { PostContent, PublishOutcome } from '../../channels/channel.ts';
import { describeError } from '../../channels/publish-steps.ts';
import { banAccount } from '../../db/publishing/channel-budgets.ts';
import type { IntentKey } from '../../db/publishing/publish-intents.ts';
import { checkSendLease, settleIntent } from '../../db/publishing/send-leases.ts';
import { intentKeyOf, type PublicationOrder } from '../../domain/channel/publication-intent.ts';
import {
  nextSegment,
  publishedAs,
  publishedCount,
  type Segment,
  withPart,
  withSegment,
} from '../../domain/channel/publish-segments.ts';
import type { ActivityDeps } from '../deps.ts';
import { noteCredentialVerdict } from './credential-verdict.ts';
import { ownOutcomeOf } from './own-post.ts';
import { postOf, type SendTarget } from './post-content.ts';
import { inDoubt, partOf, type SendAttempt, withoutRight } from './send-attempt.ts';
import { type SendRight, takeNextSendRight } from './send-right.ts';
import type { SendTiming } from './send-timing.ts';

/** A further text of a thread is begun only with so much of the attempt's own time left. */
const NEXT_TEXT_NEEDS_MS = 12_000;

type SendingDeps = Pick<ActivityDeps, 'db'>;

export type Contents = readonly PostContent[];

interface Sending {
  order: PublicationOrder;
  target: SendTarget;
  contents: Contents;
  right: SendRight;
  timing: SendTiming;
  /** By `performance.now()`. */
  deadline: number;
}

/** Sends text by text until all are out, one fails, or the attempt's time is nearly over. */
export async function sendTexts(deps: SendingDeps, sending: Sending): Promise<SendAttempt> {
  const { order, timing, deadline } = sending;
  const key = { workspaceId: order.workspaceId, intentKey: intentKeyOf(order) };
  let { right } = sending;
  for (;;) {
    const { leaseToken, before, dueAt } = right;
    const fenced = { ...key, leaseToken };
    const answer = await sendText(deps, { ...sending, right });
    const outcome = await ownOutcomeOf(deps, { order, segment: before }, answer);
    const sent = applyOutcome(right, outcome);
    if (outcome.outcome !== 'published') {
      const failed = await settleFailure(deps, { ...sending, right }, { fenced, outcome, sent });
      await noteCredentialVerdict(deps, order, sending.target, outcome);
      return failed;
    }
    const { at } = outcome;
    const next = nextSegment(sent);
    if (next === null) {
      const published = await settlePublished(deps, fenced, { segments: sent, at });
      await noteCredentialVerdict(deps, order, sending.target, outcome);
      return published;
    }
    const evidence = { position: before.position, remoteId: outcome.remoteId, acceptedAt: at };
    const hasTime = deadline - performance.now() > NEXT_TEXT_NEEDS_MS;
    const following = hasTime
      ? await takeNextSendRight(deps.db, {
          order,
          leaseToken,
          dueAt,
          segments: sent,
          before: next,
          timing,
          note: evidence,
        })
      : null;
    if (following?.granted) {
      right = following;
      continue;
    }
    // The next attempt goes on from here.
    const { settled } = await settleIntent(deps.db, {
      ...fenced,
      segments: sent,
      outcome: { state: 'planned', evidence },
    });
    if (!settled) return { outcome: 'unknown', evidence: 'the lease was lost on the way' };
    if (following !== null && following.reason !== 'being_sent') {
      return withoutRight(deps, order, { ...following, segments: sent });
    }
    return { outcome: 'go_on', evidence: 'the attempt was over', ...partOf(sent) };
  }
}

const TOO_LATE = 'the attempt was over before the send';

/**
 * One request. The time that is left is asked once more, of the database and of the process's own clock,
 * and whether the channel has asked another sender of the account for silence.
 */
async function sendText(
  { db }: SendingDeps,
  { order, target, contents, right, timing, deadline }: Sending,
): Promise<PublishOutcome> {
  const { before, segments, leaseToken, dueAt } = right;
  const content = contents[before.position];
  const key = { workspaceId: order.workspaceId, intentKey: intentKeyOf(order), leaseToken };
  // Read before the question: a process that is paused behind the answer must not count from its waking.
  const asked = performance.now();
  // Whoever cannot ask whether the lease still holds does not send.
  const lease = await checkSendLease(db, key).catch(() => null);
  if (lease !== null && lease.banMs > 0) {
    return {
      outcome: 'retryable',
      code: 'rate_limited',
      message: 'no request is wanted until later',
      retryAfterMs: lease.banMs,
    };
  }
  const leaseEnds = asked + (lease?.remainingMs ?? 0) - timing.leaseMarginMs;
  const writeBefore = Math.min(leaseEnds, deadline);
  const sendableMs = Math.floor(writeBefore - performance.now());
  if (sendableMs <= 0 || content === undefined) {
    return { outcome: 'retryable', code: 'unreachable', message: TOO_LATE, retryAfterMs: 0 };
  }
  const { account, channel } = target;
  const post = postOf({ order, dueAt, account, content, segment: before, segments });
  const signal = AbortSignal.timeout(sendableMs);
  try {
    return await channel.publish({ ...post, signal, writeBefore });
  } catch (error) {
    // Adapters do not throw; one that does has not said how far it came.
    const message = describeError(account, error);
    return { outcome: 'unknown', code: 'answer_unusable', message };
  }
}

/** The texts after an attempt at one of them. */
function applyOutcome({ segments, before }: SendRight, outcome: PublishOutcome): Segment[] {
  const { position } = before;
  switch (outcome.outcome) {
    case 'published':
      return withSegment(segments, position, publishedAs(outcome));
    case 'rejected':
      // The refusal is of this attempt: one before it may have reached the channel all the same.
      return withSegment(
        segments,
        position,
        before.firstAttemptAt === null ? { state: 'rejected' } : before,
      );
    case 'unknown':
      return withSegment(segments, position, { state: 'unknown' });
    case 'retryable':
      // As if it had not been tried: what an earlier attempt left open stays open.
      return withSegment(segments, position, before);
  }
}

async function settlePublished(
  { db }: SendingDeps,
  fenced: IntentKey & { leaseToken: string },
  { segments, at }: { segments: readonly Segment[]; at: string },
): Promise<SendAttempt> {
  const [first] = segments;
  const remoteId = first?.remoteId ?? '';
  const permalink = first?.permalink ?? null;
  const link = permalink === null ? {} : { permalink };
  await settleIntent(db, {
    ...fenced,
    segments,
    outcome: { state: 'published', remoteId, ...link, evidence: { acceptedAt: at } },
  });
  return {
    outcome: 'published',
    remoteId,
    ...link,
    evidence: `the channel took it; its time there is ${at}`,
  };
}

async function settleFailure(
  { db }: SendingDeps,
  { order, right: { before } }: Sending,
  {
    fenced,
    outcome,
    sent,
  }: {
    fenced: IntentKey & { leaseToken: string };
    outcome: Exclude<PublishOutcome, { outcome: 'published' }>;
    sent: readonly Segment[];
  },
): Promise<SendAttempt> {
  const { code, message } = outcome;
  const evidence = `${code}: ${message}`;
  const noted = { position: before.position, code, message };
  const hasPublished = publishedCount(sent) > 0;
  if (outcome.outcome === 'rejected') {
    const isInDoubt = before.firstAttemptAt !== null;
    const state = hasPublished || isInDoubt ? 'unknown' : 'rejected';
    await settleIntent(db, { ...fenced, segments: sent, outcome: { state, evidence: noted } });
    if (hasPublished) {
      return { outcome: 'ask_person', evidence: withPart(sent, evidence) };
    }
    return isInDoubt ? inDoubt(evidence) : { outcome: 'rejected', evidence };
  }
  if (outcome.outcome === 'unknown') {
    const unknown = { state: 'unknown' as const, evidence: noted };
    await settleIntent(db, { ...fenced, segments: sent, outcome: unknown });
    return { outcome: 'unknown', evidence };
  }
  if (code === 'rate_limited') await banAccount(db, { ...order, forMs: outcome.retryAfterMs });
  // An attempt before this one may have reached the channel: it stays unknown.
  const state = before.firstAttemptAt === null ? 'planned' : 'unknown';
  const { settled } = await settleIntent(db, {
    ...fenced,
    segments: sent,
    outcome: { state, evidence: noted },
  });
  return settled
    ? { outcome: 'not_sent', retryAfterMs: outcome.retryAfterMs, evidence, ...partOf(sent) }
    : { outcome: 'unknown', evidence: `${evidence}; the lease was lost on the way` };
}
