import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { AssetKind } from '../domain/asset-kinds.ts';
import type { ChannelId } from '../domain/channel/channels.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { ChannelSessions } from './channel-sessions.ts';

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
  /** The adapter itself failed at it, before anything was written, and would again. */
  'not_preparable',
] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];

/** Proven before processing: the same send may be repeated. */
export const RETRYABLE_CODES = [
  'unreachable',
  'rate_limited',
  /** The adapter itself failed at it, before anything was written. */
  'not_prepared',
] as const;
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
  | {
      outcome: 'found';
      post: RemotePost;
      others: readonly RemotePost[];
      /** By its text alone: the post of something else that reads the same would be found, too. */
      byText?: true;
      /** More that may be the post was not read, or not recognised. */
      incomplete?: true;
    }
  | { outcome: 'absent' }
  | {
      outcome: 'cannot_tell';
      message: string;
      /** The channel asked for silence this long. */
      retryAfterMs?: number;
      /** As in a send's `credentials_refused`. */
      credentialsRefused?: true;
    };

/** A file of a post, by the hash it has in the asset store. */
export interface PostMedia {
  hash: string;
  kind: AssetKind;
  altText?: string | undefined;
  /** As its bytes show it, e.g. `image/png`. */
  mediaType: string;
  /** Bytes. */
  size: number;
  /** The file, to be read once. */
  open(): Promise<Readable>;
}

/** What is sent, verbatim. */
export interface PostContent {
  text: string;
  /** BCP 47 tag of the text. */
  language: string;
  /** Of the whole content, as it was approved; with the first text only. */
  title?: string | undefined;
  link?: string | undefined;
  /** As they were approved, where text and link are sent with another address. */
  written?: { text: string; link?: string | undefined };
  media?: readonly PostMedia[] | undefined;
}

/** An account of a channel, as its adapter sees it. */
export interface ChannelAccount {
  id: string;
  /** The account's name on the channel. */
  name: string;
  /** What its definition's `settings` schema parsed; not secret. */
  settings: Readonly<Record<string, unknown>>;
  /**
   * What its definition's `credentials` schema parsed, decrypted for this call; null where none are stored.
   * They must not reach a log, an answer, an outcome's message or an error.
   */
  credentials: Readonly<Record<string, unknown>> | null;
}

/** One post that may ever exist: what it is, and what it is told from others by. */
export interface Post {
  account: ChannelAccount;
  /**
   * The same for every attempt at this post and for no other; the adapter makes the channel's native key of it.
   */
  key: string;
  /** What the post can be found by later; derived from the key by the caller. */
  marker: string;
  /** When it was due, ISO 8601 UTC: fixed for a key, so that a native key may carry it. */
  dueAt: string;
  /** For a further text of a thread: the post it answers and the thread's first one. Each text is a post of its own. */
  replyTo: { parent: RemotePost; root: RemotePost } | null;
  content: PostContent;
  /** What it is of, for channels that tell their receiver. */
  source?: { itemId: string; publicationId: string };
}

export interface PublishRequest extends Post {
  /** Fires before the send's lease ends. */
  signal: AbortSignal;
  /**
   * By `performance.now()`: a request that has not begun to be written by then must not be written. The signal
   * alone does not stop a process that was paused and wakes late.
   */
  writeBefore: number;
}

export interface LookupRequest extends Post {
  signal: AbortSignal;
}

/** One network or site to publish to. Adapters send once and never retry by themselves. */
export interface Channel {
  id: ChannelId;
  /** What protects this account from a second post; servers of one network may differ. */
  idempotencyOf(account: Pick<ChannelAccount, 'settings'>): Idempotency;
  /** Made by `publishInSteps`: what fails before the post is written is never an unknown outcome. */
  publish(request: PublishRequest): Promise<PublishOutcome>;
  lookup(request: LookupRequest): Promise<LookupOutcome>;
  /**
   * What a look-up by the text compares: texts that are equal in this form are not told apart. Absent where every
   * look-up goes by the key.
   */
  comparableOf?(text: string): string;
}

/** What a deployment gives every adapter. */
export interface ChannelDependencies {
  http: HttpClient;
  /** Address of the sandbox network; null where there is none. */
  sandboxUrl: string | null;
  /** Where sessions with networks are kept for all workers; each worker keeps its own when absent. */
  sessions?: ChannelSessions;
}

/** Everything that makes a network a channel: one file, and one line of the registry. */
export interface ChannelDefinition {
  id: ChannelId;
  /** An account's settings; the API refuses others and shows them. */
  settings: z.ZodType<Record<string, unknown>>;
  /** Settings that follow from the account's name where they are left out, and are stored. */
  settingsByName?: (name: string) => Record<string, unknown>;
  /** An account's secrets, stored encrypted and never shown; null where the channel has none. */
  credentials: z.ZodType<Record<string, unknown>> | null;
  /** @returns null when this deployment cannot publish to the channel. */
  create(deps: ChannelDependencies): Channel | null;
}
