import { z } from 'zod';

/** The sandbox network's own HTTP contract: its server speaks it, the adapter and tests check against it. */

const Name = z.string().min(1).max(200);

/** `POST /v1/posts`. */
export const SandboxPost = z.strictObject({
  account: Name,
  marker: Name,
  text: z.string().max(100_000),
  idempotencyKey: Name.optional(),
  link: z.string().max(2_048).optional(),
  /** `remoteId` of the post that this one continues. */
  replyTo: Name.optional(),
  media: z
    .array(
      z.strictObject({
        hash: Name,
        kind: z.enum(['written', 'visual', 'video', 'audio']),
        altText: z.string().max(5_000).optional(),
      }),
    )
    .max(50)
    .optional(),
});
export type SandboxPost = z.infer<typeof SandboxPost>;

/** A post as the network knows it: answer of `POST /v1/posts` (201 the first time, 200 again). */
export const SandboxRemotePost = z.object({
  remoteId: z.string().min(1),
  permalink: z.url(),
  at: z.iso.datetime(),
});
export type SandboxRemotePost = z.infer<typeof SandboxRemotePost>;

/** `GET /v1/posts?marker=&account=`, oldest first. */
export const SandboxPostList = z.object({
  items: z.array(SandboxRemotePost.extend({ marker: z.string(), account: z.string() })),
});
export type SandboxPostList = z.infer<typeof SandboxPostList>;

/** Base measures that `GET /v1/metrics` reports of a post, all of them counts since it was published. */
export const SANDBOX_MEASURES = [
  'impressions',
  'reach',
  'reactions',
  'comments',
  'shares',
  'saves',
  'link_clicks',
  'followers',
  'sessions',
  'engaged_sessions',
  'bounces',
  'pageviews',
  'key_events',
  'downloads',
  'mentions_pos',
  'mentions_neu',
  'mentions_neg',
  'search_impressions',
  'search_clicks',
  'position_x_impressions',
] as const;
export type SandboxMeasure = (typeof SANDBOX_MEASURES)[number];

/** `GET /v1/metrics?marker=&account=&ageSeconds=`; without a marker only the account's `followers`. */
export const SandboxMetrics = z.object({
  asOf: z.iso.datetime(),
  measures: z.partialRecord(z.enum(SANDBOX_MEASURES), z.int().min(0)),
});
export type SandboxMetrics = z.infer<typeof SandboxMetrics>;

/** Body of every answer outside 2xx. */
export const SandboxError = z.object({ code: z.string(), message: z.string() });
export type SandboxError = z.infer<typeof SandboxError>;

/** What the network can be told to do wrong once the post is in its ledger. */
const FAULTS_AFTER_ACCEPTING = [
  'accept_then_hang',
  'accept_then_reset',
  'accept_then_500',
  'accept_then_garbage',
  'accept_then_slow_drip',
] as const;
/** What it can be told to do wrong instead of accepting the post. */
const FAULTS_INSTEAD = ['hang', 'reset', 'reject', 'unauthorized', 'rate_limited'] as const;

export const FaultMode = z.enum([...FAULTS_AFTER_ACCEPTING, ...FAULTS_INSTEAD]);
export type FaultMode = z.infer<typeof FaultMode>;
export type FaultAfterAccepting = (typeof FAULTS_AFTER_ACCEPTING)[number];
export type FaultInstead = (typeof FAULTS_INSTEAD)[number];

const instead: ReadonlySet<string> = new Set(FAULTS_INSTEAD);

/** Whether a post with this fault stays out of the ledger. */
export function isFaultInstead(mode: FaultMode): mode is FaultInstead {
  return instead.has(mode);
}

/**
 * `POST /v1/faults`: the next `times` posts that match fail in this way; or, by a seed, a share of all posts,
 * the same ones in every run.
 */
export const FaultOrder = z.union([
  z.strictObject({
    mode: FaultMode,
    marker: Name.optional(),
    account: Name.optional(),
    times: z.int().min(1).max(1_000_000).default(1),
  }),
  z.strictObject({
    seed: Name,
    rate: z.number().min(0).max(1),
    modes: z.array(FaultMode).min(1),
  }),
]);
export type FaultOrder = z.infer<typeof FaultOrder>;

/** Request header of one post that asks for a fault, on a server started with faults. */
export const FAULT_HEADER = 'sandbox-fault';
