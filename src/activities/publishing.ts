import { Context } from '@temporalio/activity';
import type { PublishOutcome, RemotePost } from '../channels/channel.ts';
import { banAccount, readBanMs } from '../db/channel-budgets.ts';
import { describeDatabaseError } from '../db/errors.ts';
import { checkSendLease, getIntent, type IntentKey, settleIntent } from '../db/publish-intents.ts';
import {
  intentKeyOf,
  type PublicationOrder,
  type PublicationOutcome,
} from '../domain/publication-intent.ts';
import {
  halfPublished,
  nextSegment,
  publishedCount,
  type Segment,
  withSegment,
} from '../domain/publish-segments.ts';
import type { ActivityDeps } from './deps.ts';
import { collectBaseline } from './measuring.ts';
import { findTarget, postOf, readContents, type SendTarget } from './post-content.ts';
import { type Found, type ReconcileQuestion, reconcile } from './reconciling.ts';
import { type EventBatch, recordBatch } from './recording.ts';
import { type Lease, takeLease, takeNextLease } from './send-lease.ts';
import { settledOutcome } from './send-outcome.ts';
import { SEND_TIMING, type SendTiming } from './send-timing.ts';

/** The readings before a post are taken within this, or not at all. */
const BASELINE_WITHIN_MS = 2_000;
/** A further text of a thread is begun only with so much of the attempt's own time left. */
const NEXT_TEXT_NEEDS_MS = 12_000;

/** How much of a thread is out, where some of it is. */
interface Part {
  part?: { published: number; of: number };
}

/** What one attempt to send came to. */
export type SendResult = { recordedSeq?: number } & (
  | PublicationOutcome
  /** Proven not to have been processed by the channel. */
  | ({ outcome: 'not_sent'; retryAfterMs?: number; evidence?: string } & Part)
  /** Not tried: not the time for it. Without a wait the caller chooses one. */
  | ({ outcome: 'wait'; waitMs?: number; evidence: string } & Part)
  /** Some texts of a thread are out; the next attempt goes on with the others. */
  | ({ outcome: 'part'; evidence: string } & Part)
  /** Some texts of a thread are out, and the others cannot follow by themselves. */
  | { outcome: 'half_published'; evidence: string }
);

export interface SendQuestion {
  order: PublicationOrder;
  /** A look-up found nothing of an earlier attempt. */
  again: boolean;
  /** Events of the run that the tables have to know before anything is sent. */
  record?: EventBatch;
  /** The run's clock, where readings of the account as it is before the post are to be taken. */
  baselineAt?: string;
}

type PublishingDeps = Pick<
  ActivityDeps,
  'db' | 'channels' | 'assets' | 'secrets' | 'sources' | 'sendTiming'
>;

export function publishingActivities(deps: PublishingDeps) {
  const timing: SendTiming = { ...SEND_TIMING, ...deps.sendTiming };
  return {
    /**
     * One attempt to publish: the run's events, then intent row, hash check and lease in one
     * transaction, committed before the network is touched; the lease is asked again right before the
     * request is written. Nothing before the lease fails the attempt: what was not begun can wait.
     */
    async sendPublication(question: SendQuestion): Promise<SendResult> {
      const deadline = ownDeadline();
      let recorded: { recordedSeq?: number } = {};
      let prepared: Prepared;
      try {
        if (question.record !== undefined) {
          await recordBatch(deps.db, question.record);
          recorded = { recordedSeq: question.record.seq };
        }
        prepared = await prepare(deps, question, timing);
      } catch (error) {
        const why = describeDatabaseError(error).slice(0, 300);
        return { outcome: 'wait', evidence: `nothing was sent: ${why}`, ...recorded };
      }
      const result =
        'outcome' in prepared
          ? prepared
          : await sendTexts(deps, { ...prepared, order: question.order, timing, deadline });
      return { ...result, ...recorded };
    },

    /**
     * Finds out what an unknown send did, by looking. Sends nothing itself.
     * @throws a retryable failure while the lease still runs, the channel cannot tell, or must be
     * looked at once more.
     */
    reconcilePublication: (question: ReconcileQuestion): Promise<Found> =>
      reconcile(deps, question, timing),
  };
}

type Prepared = SendResult | { target: SendTarget; contents: Contents; lease: Taken };
type Contents = NonNullable<Awaited<ReturnType<typeof readContents>>>;
type Taken = Extract<Lease, { taken: true }>;

/** Everything up to the right to send. */
async function prepare(
  deps: PublishingDeps,
  { order, again, baselineAt }: SendQuestion,
  timing: SendTiming,
): Promise<Prepared> {
  const { db } = deps;
  const key = { workspaceId: order.workspaceId, intentKey: intentKeyOf(order) };
  const [contents, target, banMs] = await Promise.all([
    readContents(deps, order),
    findTarget(deps, order),
    readBanMs(db, order),
  ]);
  if (contents === null) {
    return unlessHalfPublished(deps, key, {
      outcome: 'hash_mismatch',
      evidence: 'the stored content is not the approved one',
    });
  }
  if ('evidence' in target) {
    return unlessHalfPublished(deps, key, { outcome: 'rejected', evidence: target.evidence });
  }
  if (banMs > 0) return { outcome: 'wait', waitMs: banMs, evidence: BANNED };
  if (baselineAt !== undefined) await baseline(deps, { ...order, at: baselineAt });
  const idempotency = target.channel.idempotencyOf(target.account);
  const texts = contents.map(({ text }) => text);
  const lease = await takeLease(db, { order, texts, idempotency, again, timing });
  return lease.taken ? { target, contents, lease } : withoutLease(deps, key, lease);
}

const BANNED = 'the channel asked for no request until later';

/** Its lack stops no post, and waiting for it must not make one late. */
async function baseline(
  deps: PublishingDeps,
  order: PublicationOrder & { at: string },
): Promise<void> {
  const signal = AbortSignal.timeout(BASELINE_WITHIN_MS);
  const over = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([over, collectBaseline(deps, order, signal).catch(() => undefined)]);
}

/** Tells when the engine gives the attempt up: a process that was paused must not send after that. */
function ownDeadline(): number {
  return performance.now() + Context.current().info.startToCloseTimeoutMs;
}

/** An outcome that takes the whole post back cannot be that of a thread that is partly out. */
async function unlessHalfPublished(
  { db }: Pick<PublishingDeps, 'db'>,
  key: IntentKey,
  result: PublicationOutcome & { evidence: string },
): Promise<SendResult> {
  const segments = (await getIntent(db, key))?.segments ?? [];
  return publishedCount(segments) === 0
    ? result
    : { outcome: 'half_published', evidence: halfPublished(segments, result.evidence) };
}

async function withoutLease(
  deps: Pick<PublishingDeps, 'db'>,
  key: IntentKey,
  { reason, waitMs, segments }: Extract<Lease, { taken: false }>,
): Promise<SendResult> {
  switch (reason) {
    case 'hash_mismatch':
      return unlessHalfPublished(deps, key, {
        outcome: 'hash_mismatch',
        evidence: 'the approvals do not hold for this content',
      });
    case 'being_sent':
      return { outcome: 'unknown', evidence: 'another attempt holds the lease' };
    case 'resend_closed':
      return { outcome: 'unknown', evidence: 'the key of the first attempt protects no longer' };
    case 'settled':
      return (
        settledOutcome(await getIntent(deps.db, key)) ?? {
          outcome: 'unknown',
          evidence: 'an earlier attempt left it unknown',
        }
      );
    case 'banned':
      return { outcome: 'wait', waitMs, evidence: BANNED, ...partOf(segments) };
    case 'no_budget': {
      const evidence = 'the account has written as much as its channel allows';
      return { outcome: 'wait', waitMs, evidence, ...partOf(segments) };
    }
  }
}

interface Sending {
  order: PublicationOrder;
  target: SendTarget;
  contents: Contents;
  lease: Taken;
  timing: SendTiming;
  /** By `performance.now()`. */
  deadline: number;
}

/** Sends text by text until all are out, one fails, or the attempt's time is nearly over. */
async function sendTexts(deps: PublishingDeps, sending: Sending): Promise<SendResult> {
  const { order, timing, deadline } = sending;
  const key = { workspaceId: order.workspaceId, intentKey: intentKeyOf(order) };
  let lease = sending.lease;
  for (;;) {
    const { leaseToken, before } = lease;
    const fenced = { ...key, leaseToken };
    const outcome = await sendText(deps, { ...sending, lease });
    const sent = applyOutcome(lease, outcome);
    if (outcome.outcome !== 'published')
      return settleFailure(deps, sending, { fenced, outcome, sent });
    const { at } = outcome;
    const next = nextSegment(sent);
    if (next === null) return settlePublished(deps, fenced, { segments: sent, at });
    const evidence = { position: before.position, remoteId: outcome.remoteId, acceptedAt: at };
    const hasTime = deadline - performance.now() > NEXT_TEXT_NEEDS_MS;
    const following = hasTime
      ? await takeNextLease(deps.db, {
          order,
          leaseToken,
          segments: sent,
          before: next,
          timing,
          note: evidence,
        })
      : null;
    if (following?.taken) {
      lease = following;
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
      return withoutLease(deps, key, { ...following, segments: sent });
    }
    return { outcome: 'part', evidence: 'the attempt was over', ...partOf(sent) };
  }
}

const TOO_LATE = 'the attempt was over before the send';

/** One request. The time that is left is asked once more, of the database and of the process's own clock. */
async function sendText(
  { db }: PublishingDeps,
  { order, target, contents, lease, timing, deadline }: Sending,
): Promise<PublishOutcome> {
  const { before, segments, leaseToken } = lease;
  const content = contents[before.position];
  const key = { workspaceId: order.workspaceId, intentKey: intentKeyOf(order), leaseToken };
  const remainingMs = (await checkSendLease(db, key)) ?? 0;
  const now = performance.now();
  const sendableMs = Math.floor(Math.min(remainingMs - timing.leaseMarginMs, deadline - now));
  if (sendableMs <= 0 || content === undefined) {
    return { outcome: 'retryable', code: 'unreachable', message: TOO_LATE, retryAfterMs: 0 };
  }
  return target.channel.publish({
    ...postOf({ order, account: target.account, content, segment: before, segments }),
    signal: AbortSignal.timeout(sendableMs),
    writeBefore: now + sendableMs,
  });
}

/** The texts after an attempt at one of them. */
function applyOutcome({ segments, before }: Taken, outcome: PublishOutcome): Segment[] {
  const { position } = before;
  switch (outcome.outcome) {
    case 'published':
      return withSegment(segments, position, publishedAs(outcome));
    case 'rejected':
      return withSegment(segments, position, { state: 'rejected' });
    case 'unknown':
      return withSegment(segments, position, { state: 'unknown' });
    case 'retryable':
      // As if it had not been tried: what an earlier attempt left open stays open.
      return withSegment(segments, position, before);
  }
}

export function publishedAs({ remoteId, permalink, at }: RemotePost): Partial<Segment> {
  return { state: 'published', remoteId, permalink, acceptedAt: at };
}

async function settlePublished(
  { db }: Pick<PublishingDeps, 'db'>,
  fenced: IntentKey & { leaseToken: string },
  { segments, at }: { segments: readonly Segment[]; at: string },
): Promise<SendResult> {
  const [first] = segments;
  const remoteId = first?.remoteId ?? '';
  const permalink = first?.permalink ?? null;
  const link = permalink === null ? {} : { permalink };
  await settleIntent(db, {
    ...fenced,
    segments,
    outcome: { state: 'published', remoteId, ...link, evidence: { acceptedAt: at } },
  });
  return { outcome: 'published', remoteId, ...link, evidence: `accepted at ${at}` };
}

async function settleFailure(
  { db }: Pick<PublishingDeps, 'db'>,
  { order, lease }: Sending,
  {
    fenced,
    outcome,
    sent,
  }: {
    fenced: IntentKey & { leaseToken: string };
    outcome: Exclude<PublishOutcome, { outcome: 'published' }>;
    sent: readonly Segment[];
  },
): Promise<SendResult> {
  const { code, message } = outcome;
  const evidence = `${code}: ${message}`;
  const noted = { position: lease.before.position, code, message };
  const hasPublished = publishedCount(sent) > 0;
  if (outcome.outcome === 'rejected') {
    const state = hasPublished ? 'unknown' : 'rejected';
    await settleIntent(db, { ...fenced, segments: sent, outcome: { state, evidence: noted } });
    return hasPublished
      ? { outcome: 'half_published', evidence: halfPublished(sent, evidence) }
      : { outcome: 'rejected', evidence };
  }
  if (outcome.outcome === 'unknown') {
    const unknown = { state: 'unknown' as const, evidence: noted };
    await settleIntent(db, { ...fenced, segments: sent, outcome: unknown });
    return { outcome: 'unknown', evidence };
  }
  if (code === 'rate_limited') await banAccount(db, { ...order, forMs: outcome.retryAfterMs });
  // An attempt before this one may have reached the channel: it stays unknown.
  const state = lease.before.firstAttemptAt === null ? 'planned' : 'unknown';
  const { settled } = await settleIntent(db, {
    ...{ ...fenced, segments: sent },
    outcome: { state, evidence: noted },
  });
  return settled
    ? { outcome: 'not_sent', retryAfterMs: outcome.retryAfterMs, evidence, ...partOf(sent) }
    : { outcome: 'unknown', evidence: `${evidence}; the lease was lost on the way` };
}

function partOf(segments: readonly Segment[]): Part {
  const published = publishedCount(segments);
  return published === 0 ? {} : { part: { published, of: segments.length } };
}
