import { ApplicationFailure, Context } from '@temporalio/activity';
import type {
  Channel,
  ChannelAccount,
  Post,
  PostMedia,
  PublishOutcome,
} from '../channels/channel.ts';
import { openCredentials } from '../credentials/account-credentials.ts';
import { listAssets } from '../db/assets.ts';
import { getChannelAccount } from '../db/channel-accounts.ts';
import { getItem } from '../db/items.ts';
import {
  checkSendLease,
  expireSendLease,
  getIntent,
  type IntentRow,
  planIntent,
  reopenIntent,
  resolveIntent,
  type SendLease,
  settleIntent,
  takeSendLease,
} from '../db/publish-intents.ts';
import { findSendBlock, type SendBlock } from '../db/send-blocks.ts';
import { inTransaction } from '../db/transaction.ts';
import { getBrief, getDraft } from '../db/versions.ts';
import { contentHashOf, hashOf } from '../domain/canonical.ts';
import { ChannelId } from '../domain/channels.ts';
import type { Draft, Variant } from '../domain/draft.ts';
import { approvalsHold } from '../domain/item-context.ts';
import {
  intentKeyOf,
  markerOf,
  type PublicationOrder,
  type PublicationOutcome,
} from '../domain/publication-intent.ts';
import type { ActivityDeps } from './deps.ts';

/** How long a sender may hold the right to send. */
const LEASE_MS = 20_000;
/** The request is aborted so long before its lease ends. */
const LEASE_MARGIN_MS = 2_000;
/** A request whose sender is gone may still be under way for so long after its lease. */
const SETTLE_MS = 1_000;

/** A look-up waits for a running lease in steps of this. */
const LEASE_POLL_MS = 4_000;

/** A freeze is looked at again after this. */
const BLOCK_POLL_MS = 15_000;

/** What one attempt to send came to; `not_sent` is proven not to have been processed. */
export type SendResult =
  | PublicationOutcome
  /** `blocked`: by a freeze or a blackout, which is no failure of the channel. */
  | { outcome: 'not_sent'; retryAfterMs?: number; evidence?: string; blocked?: true };

/** A freeze or a blackout stands: nobody may take the right to send. */
type Blocked = { taken: false; reason: 'blocked' } & SendBlock;

type PublishingDeps = Pick<ActivityDeps, 'db' | 'channels' | 'assets' | 'secrets'>;

export function publishingActivities(deps: PublishingDeps) {
  const { db } = deps;
  return {
    /**
     * One attempt to publish: intent row, hash check and lease in one transaction, committed before
     * the network is touched; the lease is asked again right before the request is written.
     * @param again a look-up found nothing of an earlier attempt, on a channel that proves a
     * repetition with the same key harmless.
     */
    async sendPublication({
      order,
      again,
    }: {
      order: PublicationOrder;
      again: boolean;
    }): Promise<SendResult> {
      const isOver = ownDeadline();
      const key = { workspaceId: order.workspaceId, intentKey: intentKeyOf(order) };
      const content = await readPost(deps, order);
      if (content === null) {
        return { outcome: 'hash_mismatch', evidence: 'the stored content is not the approved one' };
      }
      const target = await findTarget(deps, order);
      if ('evidence' in target) return { outcome: 'rejected', evidence: target.evidence };
      const lease = await takeLease(db, order, { again });
      if (!lease.taken) return withoutLease(db, key, lease);
      const remainingMs = await checkSendLease(db, { ...key, leaseToken: lease.leaseToken });
      const sendableMs = Math.floor((remainingMs ?? 0) - LEASE_MARGIN_MS);
      if (sendableMs <= 0 || isOver()) {
        await settleIntent(db, {
          ...key,
          leaseToken: lease.leaseToken,
          outcome: {
            state: 'planned',
            evidence: { reason: 'the attempt was over before the send' },
          },
        });
        return { outcome: 'not_sent', evidence: 'the attempt was over before the send' };
      }
      const outcome = await target.channel.publish({
        ...postOf(order, { account: target.account, content }),
        signal: AbortSignal.timeout(sendableMs),
        writeBefore: performance.now() + sendableMs,
      });
      return settle(db, { ...key, leaseToken: lease.leaseToken }, outcome);
    },

    /**
     * Finds out what an unknown send did, by looking. Sends nothing itself. `not_sent`: the attempt
     * never had the right to send. `send_again`: nothing was found, and the channel proves a
     * repetition with the same key harmless.
     * @throws a retryable failure while the lease still runs or the channel cannot tell.
     */
    async reconcilePublication({
      order,
      evidence,
    }: {
      order: PublicationOrder;
      evidence: string;
    }): Promise<PublicationOutcome | { outcome: 'send_again' | 'not_sent' }> {
      const key = { workspaceId: order.workspaceId, intentKey: intentKeyOf(order) };
      const intent = await standingIntent(db, key);
      const settled = settledOutcome(intent);
      if (settled !== null) return settled;
      if (intent === null || intent.state === 'planned') return { outcome: 'not_sent' };
      const target = await findTarget(deps, order);
      if ('evidence' in target) return { outcome: 'unknown', evidence: target.evidence };
      const content = await readPost(deps, order);
      if (content === null) return { outcome: 'unknown', evidence: 'its content is gone' };
      const post = postOf(order, { account: target.account, content });
      const { marker } = post;
      const found = await target.channel.lookup({ ...post, signal: AbortSignal.timeout(LEASE_MS) });
      if (found.outcome === 'cannot_tell') {
        throw ApplicationFailure.retryable('the channel cannot tell', 'CannotTell');
      }
      if (found.outcome === 'found') {
        const { remoteId, permalink } = found.post;
        await resolveIntent(db, {
          ...key,
          outcome: {
            state: 'published',
            remoteId,
            ...(permalink !== null && { permalink }),
            evidence: { reason: evidence, foundBy: marker, others: found.others.length },
          },
        });
        return publishedOutcome(remoteId, permalink, `found by look-up after: ${evidence}`);
      }
      if (target.channel.idempotencyOf(target.account) === 'exact')
        return { outcome: 'send_again' };
      return { outcome: 'unknown', evidence: `${evidence}; the look-up found nothing` };
    },
  };
}

type Store = ActivityDeps['db'];

/** Tells when the engine has given the attempt up: a process that was paused must not send after that. */
function ownDeadline(): () => boolean {
  const until = performance.now() + Context.current().info.startToCloseTimeoutMs;
  return () => performance.now() >= until;
}

type IntentKey = { workspaceId: string; intentKey: string };

function postOf(
  order: PublicationOrder,
  { account, content }: Pick<Post, 'account' | 'content'>,
): Post {
  const key = intentKeyOf(order);
  return { account, key, marker: markerOf(key), dueAt: order.dueAt, content, replyTo: null };
}

/** The approved content, read back and hashed again; null when it is not what was approved. */
async function readPost(
  { db, assets }: PublishingDeps,
  order: PublicationOrder,
): Promise<Post['content'] | null> {
  const key = { workspaceId: order.workspaceId, itemId: order.itemId };
  const [brief, draft] = await Promise.all([
    getBrief(db, { ...key, hash: order.briefHash }),
    getDraft(db, { ...key, hash: order.draftHash }),
  ]);
  if (brief === null || draft === null) return null;
  const stored = contentHashOf({ briefHash: hashOf(brief.body), draftHash: hashOf(draft.body) });
  if (stored !== order.contentHash) return null;
  const variant = draft.body.variants.find(({ channel }) => channel === order.channel);
  if (variant === undefined) return null;
  const media = await mediaOf({ db, assets }, { ...key, draft: draft.body, variant });
  return {
    text: variant.text,
    language: draft.body.language,
    ...(variant.link !== undefined && { link: variant.link }),
    ...(media.length > 0 && { media }),
  };
}

async function mediaOf(
  { db, assets }: Pick<PublishingDeps, 'db' | 'assets'>,
  { workspaceId, draft, variant }: { workspaceId: string; draft: Draft; variant: Variant },
): Promise<PostMedia[]> {
  const hashes = variant.assets ?? [];
  const stored = await listAssets(db, { workspaceId, hashes });
  return hashes.flatMap((hash) => {
    const file = stored.find((row) => row.hash === hash);
    const asset = draft.assets.find((candidate) => candidate.hash === hash);
    if (file === undefined || asset === undefined) return [];
    return {
      hash,
      kind: asset.kind,
      ...(asset.altText !== undefined && { altText: asset.altText }),
      mediaType: file.mediaType,
      size: file.size,
      open: async () => (await assets.openAsset(hash)).stream,
    };
  });
}

async function findTarget(
  { db, channels, secrets }: PublishingDeps,
  { workspaceId, channelAccountId }: PublicationOrder,
): Promise<{ channel: Channel; account: ChannelAccount } | { evidence: string }> {
  const account = await getChannelAccount(db, { workspaceId, channelAccountId });
  if (account === null || !account.active) return { evidence: 'the channel account is not active' };
  const id = ChannelId.parse(account.channel);
  const channel = channels.get(id);
  if (channel === null) return { evidence: `no adapter publishes to ${id} yet` };
  const { name, settings } = account;
  return {
    channel,
    account: { id: account.id, name, settings, credentials: openCredentials(secrets, account) },
  };
}

/**
 * The right to send, in one transaction with the check that the item's approvals still bind this
 * content: an edit either came before, and nothing is sent, or it is refused while this is sending.
 */
function takeLease(
  db: Store,
  order: PublicationOrder,
  { again }: { again: boolean },
): Promise<SendLease | Blocked> {
  return inTransaction(db, async (tx) => {
    const block = await findSendBlock(tx, order);
    if (block !== null) return { taken: false, reason: 'blocked', ...block };
    const intentKey = intentKeyOf(order);
    if (again) {
      const evidence = { reason: 'a look-up found nothing', lookedFor: markerOf(intentKey) };
      await reopenIntent(tx, { workspaceId: order.workspaceId, intentKey, evidence });
    }
    await planIntent(tx, {
      workspaceId: order.workspaceId,
      itemId: order.itemId,
      publicationId: order.publicationId,
      channelAccountId: order.channelAccountId,
      slotNumber: order.slotNumber,
      intentKey,
      marker: markerOf(intentKey),
      contentHash: order.contentHash,
      dueAt: order.dueAt,
    });
    const context = (await getItem(tx, order))?.snapshot?.context;
    if (context === undefined || !approvalsHold(context)) {
      return { taken: false, reason: 'hash_mismatch' };
    }
    return takeSendLease(tx, {
      workspaceId: order.workspaceId,
      intentKey,
      approvedContentHash: context.contentHash ?? '',
      leaseMs: LEASE_MS,
    });
  });
}

/** Asked again when the blackout ends, or soon when a person has to end it. */
function waitingFor({ evidence, endsInMs }: SendBlock): SendResult {
  const retryAfterMs = endsInMs === null ? BLOCK_POLL_MS : Math.ceil(endsInMs) + 1;
  return { outcome: 'not_sent', blocked: true, evidence, retryAfterMs };
}

async function withoutLease(
  db: Store,
  key: IntentKey,
  lease: Extract<SendLease, { taken: false }> | Blocked,
): Promise<SendResult> {
  switch (lease.reason) {
    case 'blocked':
      return waitingFor(lease);
    case 'hash_mismatch':
    case 'not_found':
      return { outcome: 'hash_mismatch', evidence: 'the approvals do not hold for this content' };
    case 'being_sent':
      return { outcome: 'unknown', evidence: 'another attempt holds the lease' };
    case 'settled': {
      const settled = settledOutcome(await getIntent(db, key));
      return settled ?? { outcome: 'unknown', evidence: 'an earlier attempt left it unknown' };
    }
  }
}

async function settle(
  db: Store,
  fenced: IntentKey & { leaseToken: string },
  outcome: PublishOutcome,
): Promise<SendResult> {
  switch (outcome.outcome) {
    case 'published': {
      const { remoteId, permalink, at } = outcome;
      const state = {
        state: 'published' as const,
        remoteId,
        ...(permalink !== null && { permalink }),
        evidence: { acceptedAt: at },
      };
      await settleIntent(db, { ...fenced, outcome: state });
      return publishedOutcome(remoteId, permalink, `accepted at ${at}`);
    }
    case 'rejected':
      await settleIntent(db, {
        ...fenced,
        outcome: { state: 'rejected', evidence: { code: outcome.code, message: outcome.message } },
      });
      return { outcome: 'rejected', evidence: `${outcome.code}: ${outcome.message}` };
    case 'retryable':
      await settleIntent(db, {
        ...fenced,
        outcome: { state: 'planned', evidence: { code: outcome.code, message: outcome.message } },
      });
      return {
        outcome: 'not_sent',
        retryAfterMs: outcome.retryAfterMs,
        evidence: `${outcome.code}: ${outcome.message}`,
      };
    case 'unknown':
      await settleIntent(db, {
        ...fenced,
        outcome: { state: 'unknown', evidence: { code: outcome.code, message: outcome.message } },
      });
      return { outcome: 'unknown', evidence: `${outcome.code}: ${outcome.message}` };
  }
}

/** The intent once no sender can be under way any more. */
async function standingIntent(db: Store, key: IntentKey): Promise<IntentRow | null> {
  const { intent } = await expireSendLease(db, { ...key, settleMs: SETTLE_MS });
  if (intent?.state === 'sending') {
    throw ApplicationFailure.create({
      message: 'the lease of the send still runs',
      type: 'LeaseRuns',
      nextRetryDelay: LEASE_POLL_MS,
    });
  }
  return intent;
}

/** Outcomes that stand, so that nothing has to be asked. */
function settledOutcome(intent: IntentRow | null): PublicationOutcome | null {
  if (intent?.state === 'published') {
    return publishedOutcome(intent.remoteId ?? '', intent.permalink, 'recorded by the send');
  }
  if (intent?.state === 'rejected') {
    return { outcome: 'rejected', evidence: JSON.stringify(intent.evidence) };
  }
  return null;
}

function publishedOutcome(
  remoteId: string,
  permalink: string | null,
  evidence: string,
): PublicationOutcome {
  return { outcome: 'published', remoteId, ...(permalink !== null && { permalink }), evidence };
}
