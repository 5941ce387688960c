import type { Idempotency } from '../../channels/channel.ts';
import type { Db } from '../../db/client.ts';
import { getItem } from '../../db/item/items.ts';
import { takeWriteToken } from '../../db/publishing/channel-budgets.ts';
import {
  findStopped,
  mayEarlierBeOut,
  type Note,
  type PlannedIntent,
  planIntent,
  readClock,
} from '../../db/publishing/publish-intents.ts';
import { findSendBlock, type SendBlock } from '../../db/publishing/send-blocks.ts';
import { renewSendLease, reopenIntent, takeSendLease } from '../../db/publishing/send-leases.ts';
import { inTransaction } from '../../db/transaction.ts';
import { CHANNEL_LIMITS, ChannelId, type WriteLimit } from '../../domain/channel/channels.ts';
import {
  intentKeyOf,
  markerOf,
  type PublicationOrder,
} from '../../domain/channel/publication-intent.ts';
import {
  continueThread,
  followContent,
  newSegments,
  nextSegment,
  type Segment,
  type SegmentContent,
  withSegment,
} from '../../domain/channel/publish-segments.ts';
import { approvalsHold, type ItemContext, publicationById } from '../../domain/item/context.ts';
import type { PublicationState } from '../../domain/item/publication-states.ts';
import { mayResend } from './resend.ts';
import type { SendTiming } from './send-timing.ts';

/** Why a sender does not get the right to send. */
type RefusalReason =
  /** The approvals do not hold for this content. */
  | 'hash_mismatch'
  /** Its campaign is cancelled, or its record was settled while the sender was away. */
  | 'no_longer_wanted'
  /** The order's time was over before this attempt began. */
  | 'too_late'
  /** What went to the account under an earlier slot is out, or may be. */
  | 'earlier_post'
  /** Another sender holds the lease. */
  | 'being_sent'
  /** Its outcome stands, or is unknown and was not looked for. */
  | 'settled'
  /** An earlier attempt may have reached the channel, and its key protects no longer. */
  | 'resend_closed'
  /** A freeze or a blackout stands. */
  | 'blocked'
  /** The channel wants no request now. */
  | 'banned'
  /** The account has written as much as its channel allows. */
  | 'no_budget';

/** To send one text: everything that could forbid it was asked, and the intent's lease is taken. */
export interface SendRight {
  granted: true;
  leaseToken: string;
  segments: Segment[];
  /** ISO; as the first attempt had it. */
  dueAt: string;
  /** The text to send, as it stood before. */
  before: Segment;
}

export interface SendRefusal {
  granted: false;
  reason: RefusalReason;
  /** Null where a person has to end it. */
  waitMs: number | null;
  /** Absent where they were not looked at. */
  segments?: readonly Segment[];
  /** Why it is blocked. */
  evidence?: string;
}

interface SendRightQuestion {
  order: PublicationOrder;
  contents: readonly SegmentContent[];
  idempotency: Idempotency;
  /** A look-up found nothing of an earlier attempt. */
  again: boolean;
  timing: SendTiming;
}

/**
 * The right to send the next text, in one transaction with the check that the item's approvals still
 * bind this content: an edit either came before, and nothing is sent, or it is refused while this is
 * sending. Every reason not to send is asked in this transaction.
 */
export function takeSendRight(
  db: Db,
  question: SendRightQuestion,
): Promise<SendRight | SendRefusal> {
  const { order, idempotency, again, timing } = question;
  const intentKey = intentKeyOf(order);
  const key = { workspaceId: order.workspaceId, intentKey };
  return inTransaction(db, async (tx): Promise<SendRight | SendRefusal> => {
    const block = await findSendBlock(tx, order);
    if (block !== null) return blockedBy(block);
    const intent = await planIntent(tx, {
      ...key,
      itemId: order.itemId,
      publicationId: order.publicationId,
      channelAccountId: order.channelAccountId,
      slotNumber: order.slotNumber,
      marker: markerOf(intentKey),
      contentHash: order.contentHash,
      dueAt: order.dueAt,
    });
    const segments = await segmentsNow(tx, intent, question);
    const refused = (reason: RefusalReason, waitMs?: number) =>
      refusal(reason, segments ?? intent.segments, waitMs);
    if (segments === null) return refused('hash_mismatch');
    const before = nextSegment(segments);
    if (intent.state === 'sending') return refused('being_sent');
    if (before === null || before.state === 'rejected') return refused('settled');
    const isOpen = intent.state === 'planned' || (intent.state === 'unknown' && again);
    if (!isOpen) return refused('settled');
    // The run asked before its wait; the worker that was to send may have been away since.
    if (Date.parse(intent.now) > Date.parse(order.sendUntil)) return refused('too_late');
    const { leaseMs, keyMarginMs } = timing;
    if (!mayResend(idempotency, before, { now: intent.now, leaseMs, marginMs: keyMarginMs })) {
      return refused('resend_closed');
    }
    const context = (await getItem(tx, order))?.snapshot?.context;
    const approved = context !== undefined && approvalsHold(context) ? context.contentHash : null;
    if (approved === null || approved !== intent.contentHash) return refused('hash_mismatch');
    if (!isWanted(context, order)) return refused('no_longer_wanted');
    if (await mayEarlierBeOut(tx, order)) return refused('earlier_post');
    const token = await takeWriteToken(tx, { ...order, limit: writeLimitOf(order) });
    if (!token.taken) return refused(token.reason, token.waitMs);
    if (intent.state === 'unknown') {
      const evidence = { reason: 'a look-up found nothing', lookedFor: before.marker };
      await reopenIntent(tx, { ...key, evidence });
    }
    const sending = asSending(segments, before, intent.now);
    const lease = await takeSendLease(tx, {
      ...key,
      approvedContentHash: approved,
      leaseMs,
      segments: sending,
      note: { position: before.position, idempotency },
    });
    if (!lease.taken) return refused('being_sent');
    const { leaseToken } = lease;
    return { granted: true, leaseToken, segments: sending, before, dueAt: intent.dueAt };
  });
}

/** States of a record in which its post is still to go out. */
const TO_BE_SENT: readonly PublicationState[] = ['planned', 'due', 'sending'];

function isWanted(context: ItemContext | undefined, { publicationId }: PublicationOrder): boolean {
  if (context === undefined || context.cancelling !== null) return false;
  const record = publicationById(context, publicationId);
  return record !== null && TO_BE_SENT.includes(record.state);
}

/**
 * The right to send the next text of a thread, after the one before is out.
 * @returns a refusal when the item's campaign was cancelled meanwhile (`no_longer_wanted`), sends are
 * `blocked`, the budget is used up (`no_budget`, `banned`) or the lease is lost (`being_sent`).
 */
export function takeNextSendRight(
  db: Db,
  {
    order,
    leaseToken,
    dueAt,
    segments,
    before,
    timing,
    note,
  }: Pick<SendRightQuestion, 'order' | 'timing'> & {
    leaseToken: string;
    dueAt: string;
    segments: readonly Segment[];
    before: Segment;
    /** What came of the text before. */
    note: Note;
  },
): Promise<SendRight | SendRefusal> {
  const key = { workspaceId: order.workspaceId, intentKey: intentKeyOf(order) };
  return inTransaction(db, async (tx): Promise<SendRight | SendRefusal> => {
    const block = await findSendBlock(tx, order);
    if (block !== null) return { ...blockedBy(block), segments };
    const context = (await getItem(tx, order))?.snapshot?.context;
    if (!isWanted(context, order)) return refusal('no_longer_wanted', segments);
    const token = await takeWriteToken(tx, { ...order, limit: writeLimitOf(order) });
    if (!token.taken) return refusal(token.reason, segments, token.waitMs);
    const sending = asSending(segments, before, await readClock(tx));
    const renewed = await renewSendLease(tx, {
      ...key,
      leaseToken,
      leaseMs: timing.leaseMs,
      segments: sending,
      note: { what: 'lease renewed', after: note },
    });
    return renewed
      ? { granted: true, leaseToken, dueAt, segments: sending, before }
      : refusal('being_sent', segments);
  });
}

function refusal(reason: RefusalReason, segments: readonly Segment[], waitMs = 0): SendRefusal {
  return { granted: false, reason, waitMs, segments };
}

function blockedBy({ evidence, endsInMs }: SendBlock): SendRefusal {
  const waitMs = endsInMs === null ? null : Math.ceil(endsInMs) + 1;
  return { granted: false, reason: 'blocked', waitMs, evidence };
}

function asSending(
  segments: readonly Segment[],
  { position, firstAttemptAt }: Segment,
  now: string,
) {
  return withSegment(segments, position, {
    state: 'sending',
    firstAttemptAt: firstAttemptAt ?? now,
    absentSince: null,
  });
}

/** The texts as they are to be sent; null when what was tried is another content now. */
async function segmentsNow(
  tx: Db,
  intent: PlannedIntent,
  { order, contents }: SendRightQuestion,
): Promise<readonly Segment[] | null> {
  const fresh = newSegments(intent.intentKey, contents);
  if (intent.segments.length > 0) return followContent(intent.segments, fresh);
  const stopped = order.slotNumber > 1 ? await findStopped(tx, order) : null;
  return stopped === null ? fresh : continueThread(stopped.segments, fresh);
}

function writeLimitOf({ channel }: Pick<PublicationOrder, 'channel'>): WriteLimit | null {
  const known = ChannelId.safeParse(channel);
  return known.success ? CHANNEL_LIMITS[known.data].writeLimit : null;
}
