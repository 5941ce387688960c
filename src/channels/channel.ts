import type { AssetKind } from '../domain/brief.ts';
import type { ChannelId } from '../domain/channels.ts';
import type { AssetFacts, VariantContent, VariantViolation } from '../domain/variant-limits.ts';

/**
 * What protects a channel from a second post when a send is repeated:
 * - `exact`: the same key never makes a second post;
 * - `exact_for`: the same, for so many milliseconds after the first send;
 * - `match`: no key, but a post can be found again by its marker;
 * - `none`: neither.
 */
export type Idempotency = 'exact' | { exact_for: number } | 'match' | 'none';

/** Final: the channel refused and nothing was posted. */
export const REJECTION_CODES = [
  'content_refused',
  'content_too_large',
  'credentials_refused',
  'not_permitted',
  'account_unknown',
] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];

/** Proven before processing: the same send may be repeated. */
export const RETRYABLE_CODES = ['unreachable', 'rate_limited'] as const;
export type RetryableCode = (typeof RETRYABLE_CODES)[number];

/** Posted or not: only a look-up, or a person, can tell. */
export const UNKNOWN_OUTCOME_CODES = [
  'timeout',
  'connection_lost',
  'server_error',
  'answer_unusable',
  'key_used_for_other_content',
] as const;
export type UnknownOutcomeCode = (typeof UNKNOWN_OUTCOME_CODES)[number];

/** A post as the channel has it. `at` is the channel's own time of acceptance, ISO 8601 UTC. */
export interface RemotePost {
  remoteId: string;
  permalink: string | null;
  at: string;
}

export type PublishOutcome =
  | ({ outcome: 'published' } & RemotePost)
  | { outcome: 'rejected'; code: RejectionCode; message: string }
  | { outcome: 'retryable'; code: RetryableCode; message: string; retryAfterMs: number }
  | { outcome: 'unknown'; code: UnknownOutcomeCode; message: string };

/**
 * `found` may list more than one post: then the intent was published more than once.
 * `absent` means that the channel answered and knows no such post now; a channel whose listing lags behind
 * may still show it later.
 */
export type LookupOutcome =
  | { outcome: 'found'; post: RemotePost; others: readonly RemotePost[] }
  | { outcome: 'absent' }
  | { outcome: 'cannot_tell'; message: string };

/** A file of a post, by the hash it has in the asset store. */
export interface PostMedia {
  hash: string;
  kind: AssetKind;
  altText?: string | undefined;
}

/** What is sent, verbatim. */
export interface PostContent {
  text: string;
  link?: string | undefined;
  thread?: readonly string[] | undefined;
  media?: readonly PostMedia[] | undefined;
}

export interface PublishRequest {
  /** The account's name on the channel. */
  account: string;
  /** Key of the publication; the adapter makes the channel's native key of it. */
  intentKey: string;
  /** What the post can be found by later; derived from the intent key by the caller. */
  marker: string;
  content: PostContent;
  /** Fires before the send's lease ends. */
  signal: AbortSignal;
}

export interface LookupRequest {
  account: string;
  marker: string;
  signal: AbortSignal;
}

/** One network or site to publish to. Adapters send once and never retry by themselves. */
export interface Channel {
  id: ChannelId;
  capabilities: { idempotency: Idempotency };
  /** What the channel would refuse in a variant; empty when it can be sent as it is. */
  validate(variant: VariantContent, assets: readonly AssetFacts[]): VariantViolation[];
  publish(request: PublishRequest): Promise<PublishOutcome>;
  lookup(request: LookupRequest): Promise<LookupOutcome>;
}
