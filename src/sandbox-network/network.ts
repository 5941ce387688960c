import { createHash, randomBytes } from 'node:crypto';
import type { Idempotency } from '../channels/channel.ts';
import { DUPLICATE_TEXT, type SandboxPost } from '../channels/sandbox/protocol.ts';
import type { SandboxMetrics } from '../metrics/sandbox-protocol.ts';
import { Refusal } from './answers.ts';
import { baselineFollowers, measuresAt } from './growth.ts';
import type { Ledger, LedgerLine } from './ledger.ts';
import { refusalOf } from './text-rule.ts';

/** The stored post; 200 where it was there before. */
interface StoredPost {
  status: 200 | 201;
  line: LedgerLine;
}

/** How the network treats this one post. */
export interface Treatment {
  /** How it treats the account's idempotency keys. */
  rule: Idempotency;
  /** Look-ups show the post only so much later. */
  listedAfterMs?: number | undefined;
  /** Whether it is accepted first and published a moment later. */
  pending?: boolean;
  /** Whether the same text of the same account is refused for a while. */
  refuseDuplicate?: boolean;
}

/** How long an accepted post is pending. */
const PENDING_MS = 1_500;
/** How long the same text is refused as a duplicate. */
const DUPLICATE_WINDOW_MS = 600_000;

/**
 * Accepts a post: one fsynced ledger line, then the answer. While the account's rule honours it, the same
 * idempotency key is answered with the first post; with another body it is refused.
 * @throws Refusal
 */
export function acceptPost(
  ledger: Ledger,
  post: SandboxPost,
  now: Date,
  { rule, listedAfterMs = 0, pending = false, refuseDuplicate = false }: Treatment,
): StoredPost {
  const bodyHash = createHash('sha256').update(JSON.stringify(post)).digest('hex');
  const key = honouredKey(rule, post);
  const first = key === undefined ? undefined : ledger.byIdempotencyKey(key);
  if (first && isRemembered(rule, first, now)) {
    if (first.bodyHash === bodyHash) return { status: 200, line: first };
    throw new Refusal(
      409,
      'idempotency_key_reused',
      'This key belongs to a post with another body.',
    );
  }
  const refusal = refusalOf(post.text);
  if (refusal !== null) throw new Refusal(422, refusal.code, refusal.message);
  if (refuseDuplicate && wasJustPosted(ledger, post, now)) {
    throw new Refusal(403, DUPLICATE_TEXT, 'You already said that.');
  }
  const hiddenMs = Math.max(listedAfterMs, pending ? PENDING_MS : 0);
  const line: LedgerLine = {
    marker: post.marker,
    account: post.account,
    at: now.toISOString(),
    text: post.text,
    bodyHash,
    remoteId: `sbx_${randomBytes(10).toString('hex')}`,
    idempotencyKey: key ?? null,
    ...(hiddenMs > 0 && { listedFrom: new Date(now.getTime() + hiddenMs).toISOString() }),
    ...(pending && { pending }),
  };
  ledger.append(line);
  return { status: 201, line };
}

function honouredKey(rule: Idempotency, post: SandboxPost): string | undefined {
  return rule === 'match' || rule === 'none' ? undefined : post.idempotencyKey;
}

function isRemembered(rule: Idempotency, first: LedgerLine, now: Date): boolean {
  if (typeof rule === 'string') return rule === 'exact';
  return now.getTime() - Date.parse(first.at) < rule.exact_for;
}

function wasJustPosted(ledger: Ledger, { account, text }: SandboxPost, now: Date): boolean {
  const since = now.getTime() - DUPLICATE_WINDOW_MS;
  return ledger
    .lines()
    .some((line) => line.text === text && line.account === account && Date.parse(line.at) >= since);
}

/** Whether a look-up shows the post. */
export function isListed({ listedFrom }: LedgerLine, now: Date): boolean {
  return listedFrom === undefined || now.getTime() >= Date.parse(listedFrom);
}

/** How far the network is with a post that it accepted: pending → ready → published. */
export function stateOf(line: LedgerLine, now: Date): 'pending' | 'ready' | 'published' {
  if (line.pending !== true || isListed(line, now)) return 'published';
  const [from, to] = [Date.parse(line.at), Date.parse(line.listedFrom ?? line.at)];
  return now.getTime() < (from + to) / 2 ? 'pending' : 'ready';
}

/**
 * Readings of the first post with a marker at an age (default: its age now), or, without a marker, the
 * followers that the account starts from.
 * @throws Refusal of a marker that no post carries.
 */
export function readMetrics(
  ledger: Ledger,
  query: {
    marker?: string | undefined;
    account?: string | undefined;
    ageSeconds?: number | undefined;
  },
  now: Date,
): SandboxMetrics {
  const { marker, account } = query;
  if (marker === undefined) {
    return {
      asOf: now.toISOString(),
      measures: { followers: baselineFollowers(account ?? '') },
    };
  }
  const post = ledger
    .byMarker(marker)
    .find((line) => account === undefined || line.account === account);
  if (!post) throw new Refusal(404, 'post_unknown', `No post carries the marker ${marker}.`);
  const postedAt = Date.parse(post.at);
  const age = query.ageSeconds ?? Math.max(0, Math.floor((now.getTime() - postedAt) / 1000));
  return {
    asOf: new Date(postedAt + age * 1000).toISOString(),
    measures: measuresAt(marker, post.account, age),
  };
}
