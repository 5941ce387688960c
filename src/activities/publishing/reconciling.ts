import { ApplicationFailure } from '@temporalio/activity';
import type { LookupOutcome, Post } from '../../channels/channel.ts';
import { describeError } from '../../channels/publish-steps.ts';
import { banAccount, readBanMs } from '../../db/publishing/channel-budgets.ts';
import { type IntentKey, type IntentRow, readClock } from '../../db/publishing/publish-intents.ts';
import { expireSendLease, noteLookup } from '../../db/publishing/send-leases.ts';
import {
  intentKeyOf,
  type LookUpWait,
  type PublicationOrder,
  type PublicationOutcome,
} from '../../domain/channel/publication-intent.ts';
import {
  nextSegment,
  publishedAs,
  type Segment,
  withPart,
  withSegment,
} from '../../domain/channel/publish-segments.ts';
import type { ActivityDeps } from '../deps.ts';
import { noteCredentialVerdict } from './credential-verdict.ts';
import { ownPostOf } from './own-post.ts';
import { findTarget, postOf, readContents, type SendTarget } from './post-content.ts';
import { mayResend } from './resend.ts';
import {
  knownSegments,
  type NotSent,
  type Part,
  partOf,
  publishedOutcome,
  settledOutcome,
} from './send-attempt.ts';
import type { SendTiming } from './send-timing.ts';

const LOOKUP_WITHIN_MS = 10_000;
/** Waited for even when the post's own time is over. */
const SHORT_SILENCE_MS = 60_000;

export interface ReconcileQuestion {
  order: PublicationOrder;
  /** Why the outcome is unknown. */
  evidence: string;
}

/** What the look-ups after an attempt of unknown outcome came to. */
export type Reconciliation =
  | PublicationOutcome
  /** The attempt never had the right to send. */
  | NotSent
  /** Nothing was found, and the key of the first attempt still makes a repetition harmless. */
  | { outcome: 'send_again' }
  /** The text was found, and its thread has more. */
  | ({ outcome: 'go_on' } & Part);

type ReconcilingDeps = Pick<ActivityDeps, 'db' | 'channels' | 'assets' | 'secrets'>;

/** Looks for the text whose outcome is unknown, once no sender can be under way any more. */
export async function reconcile(
  deps: ReconcilingDeps,
  { order, evidence }: ReconcileQuestion,
  timing: SendTiming,
): Promise<Reconciliation> {
  const { db } = deps;
  const key = { workspaceId: order.workspaceId, intentKey: intentKeyOf(order) };
  const intent = await intentWithoutSender(deps, key, timing);
  const settled = settledOutcome(intent);
  if (settled !== null) return settled;
  if (intent === null || intent.state === 'planned') {
    return { outcome: 'not_sent', ...partOf(await knownSegments(deps, order)) };
  }
  const target = await findTarget(deps, order);
  if ('evidence' in target) return { outcome: 'unknown', evidence: target.evidence };
  const contents = await readContents(deps, order);
  if ('outcome' in contents) return { outcome: 'unknown', evidence: contents.evidence };
  const { segments } = intent;
  const segment = nextSegment(segments);
  const content = segment === null ? undefined : contents[segment.position];
  if (segment === null || content === undefined || segment.state === 'rejected') {
    return { outcome: 'unknown', evidence: withPart(segments, evidence) };
  }
  const banMs = await readBanMs(db, order);
  if (banMs > 0) return afterSilence(order, { evidence, segments, kind: 'Banned', waitMs: banMs });
  const { dueAt } = intent;
  const post = postOf({ order, dueAt, account: target.account, content, segment, segments });
  const answer = await look(target, post);
  await noteCredentialVerdict(deps, order, target, answer);
  const question = { order, key, segments, segment, evidence, timing };
  const found = answer.outcome === 'found' ? await ownPostOf(deps, question, answer) : answer;
  switch (found.outcome) {
    case 'cannot_tell':
      // Such a channel never can: a person has to be asked, and need not wait for us.
      if (target.channel.idempotencyOf(target.account) === 'none') {
        return { outcome: 'unknown', evidence: `${evidence}; ${found.message}` };
      }
      if (found.retryAfterMs !== undefined) {
        await banAccount(db, { ...order, forMs: found.retryAfterMs });
        const waitMs = found.retryAfterMs;
        return afterSilence(order, { evidence, segments, kind: 'CannotTell', waitMs });
      }
      throw lookAgain('CannotTell');
    case 'ambiguous':
      return { outcome: 'unknown', evidence: withPart(segments, `${evidence}; ${found.message}`) };
    case 'found':
      return noteFound(deps, question, found);
    case 'absent':
      return noteAbsent(deps, question, target);
  }
}

/** A look-up that fails in a way that its adapter does not know has told nothing. */
async function look({ channel, account }: SendTarget, post: Post): Promise<LookupOutcome> {
  try {
    return await channel.lookup({ ...post, signal: AbortSignal.timeout(LOOKUP_WITHIN_MS) });
  } catch (error) {
    return { outcome: 'cannot_tell', message: describeError(account, error) };
  }
}

interface Look {
  order: PublicationOrder;
  key: IntentKey;
  segments: readonly Segment[];
  segment: Segment;
  evidence: string;
  timing: SendTiming;
}

async function noteFound(
  { db }: ReconcilingDeps,
  { key, segments, segment, evidence }: Look,
  { post, others }: Extract<LookupOutcome, { outcome: 'found' }>,
): Promise<Reconciliation> {
  const known = withSegment(segments, segment.position, publishedAs(post));
  const isComplete = nextSegment(known) === null;
  await noteLookup(db, {
    ...key,
    segments: known,
    state: isComplete ? 'published' : 'planned',
    evidence: { reason: evidence, foundBy: segment.marker, others: others.length },
  });
  if (!isComplete) return { outcome: 'go_on', ...partOf(known) };
  const [first] = known;
  return publishedOutcome(
    { remoteId: first?.remoteId ?? null, permalink: first?.permalink ?? null },
    `found by look-up after: ${evidence}`,
  );
}

/**
 * Where the same key makes a repetition harmless, it may be sent again. Elsewhere nothing is ever sent
 * again: a listing may lag, so it is looked at a second time, and then a person has to say.
 */
async function noteAbsent(
  { db }: ReconcilingDeps,
  { key, segments, segment, evidence, timing }: Look,
  { channel, account }: SendTarget,
): Promise<Reconciliation> {
  const idempotency = channel.idempotencyOf(account);
  const now = await readClock(db);
  const { leaseMs, keyMarginMs, quietMs } = timing;
  if (mayResend(idempotency, segment, { now, leaseMs, marginMs: keyMarginMs })) {
    return { outcome: 'send_again' };
  }
  const since = segment.absentSince;
  if (since === null) {
    await noteLookup(db, {
      ...key,
      state: null,
      segments: withSegment(segments, segment.position, { absentSince: now }),
      evidence: { found: 'nothing', lookedFor: segment.marker, idempotency },
    });
    throw lookAgain('SecondLook', quietMs);
  }
  const restMs = Date.parse(since) + quietMs - Date.parse(now);
  if (restMs > 0) throw lookAgain('SecondLook', restMs);
  const why = `${evidence}; two look-ups found nothing`;
  return { outcome: 'unknown', evidence: withPart(segments, why) };
}

/**
 * The look-up waits for the end of the silence, unless that comes when the post's own time is over: until
 * then nobody could do anything about it, so a person is asked now.
 */
function afterSilence(
  { sendUntil }: PublicationOrder,
  {
    evidence,
    segments,
    kind,
    waitMs,
  }: {
    evidence: string;
    segments: readonly Segment[];
    kind: 'Banned' | 'CannotTell';
    waitMs: number;
  },
): Reconciliation {
  const restMs = Date.parse(sendUntil) - Date.now();
  if (waitMs <= Math.max(restMs, SHORT_SILENCE_MS)) throw lookAgain(kind, waitMs);
  const minutes = Math.ceil(waitMs / 60_000);
  const why = `${evidence}; the channel wants no look-up for ${minutes} minutes`;
  return { outcome: 'unknown', evidence: withPart(segments, why) };
}

/** The intent once no sender can be under way any more. */
async function intentWithoutSender(
  { db }: ReconcilingDeps,
  key: IntentKey,
  { settleMs, leasePollMs }: SendTiming,
): Promise<IntentRow | null> {
  const { intent } = await expireSendLease(db, { ...key, settleMs });
  if (intent?.state === 'sending') throw lookAgain('LeaseRuns', leasePollMs);
  return intent;
}

const AGAIN: Record<LookUpWait | 'CannotTell', string> = {
  LeaseRuns: 'the lease of the send still runs',
  CannotTell: 'the channel cannot tell',
  SecondLook: 'nothing was found; it is looked at once more',
  Banned: 'the channel asked for no request until later',
};

/** @param afterMs the engine's own backoff when absent. */
function lookAgain(type: keyof typeof AGAIN, afterMs?: number): ApplicationFailure {
  return ApplicationFailure.create({
    message: AGAIN[type],
    type,
    ...(afterMs !== undefined && { nextRetryDelay: afterMs }),
  });
}
