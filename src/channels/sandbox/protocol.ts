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

/** A post as the network knows it. */
export const SandboxRemotePost = z.object({
  remoteId: z.string().min(1),
  permalink: z.url(),
  at: z.iso.datetime(),
});
export type SandboxRemotePost = z.infer<typeof SandboxRemotePost>;

/**
 * Answer of `POST /v1/posts` (201 the first time, 200 again, 202 while it is not yet published) and of
 * `GET /v1/posts/{remoteId}`, which a post that is pending is polled at. A success by status may still say
 * that the post was rejected.
 */
export const SandboxPostAnswer = z.union([
  z.object({ state: z.literal('rejected'), code: z.string(), message: z.string() }),
  SandboxRemotePost.extend({ state: z.enum(['pending', 'ready', 'published']) }),
]);
export type SandboxPostAnswer = z.infer<typeof SandboxPostAnswer>;

/** `GET /v1/posts?marker=&account=`, oldest first. */
export const SandboxPostList = z.object({
  items: z.array(SandboxRemotePost.extend({ marker: z.string(), account: z.string() })),
});
export type SandboxPostList = z.infer<typeof SandboxPostList>;

/** Body of every answer outside 2xx. */
export const SandboxError = z.object({ code: z.string(), message: z.string() });
export type SandboxError = z.infer<typeof SandboxError>;

/** Code of the 403 that says: the same text is live already. It names no id. */
export const DUPLICATE_TEXT = 'duplicate_text';

/** What the network can be told to do once the post is in its ledger; `accept` is the usual answer. */
const FAULTS_AFTER_ACCEPTING = [
  'accept',
  'accept_then_hang',
  'accept_then_reset',
  'accept_then_500',
  'accept_then_empty',
  'accept_then_garbage',
  'accept_then_redirect',
  'accept_then_endless',
  'accept_then_slow_drip',
  'accept_then_pending',
] as const;
/** What it can be told to do wrong instead of accepting the post. */
const FAULTS_INSTEAD = [
  'hang',
  'reset',
  'reject',
  'say_rejected',
  'unauthorized',
  'rate_limited',
  'rate_limited_silently',
  'redirect',
] as const;
/** Accepts the post, unless the account posted the same text a moment ago. */
const FAULTS_BY_TEXT = ['refuse_duplicate'] as const;

export const FaultMode = z.enum([...FAULTS_AFTER_ACCEPTING, ...FAULTS_INSTEAD, ...FAULTS_BY_TEXT]);
export type FaultMode = z.infer<typeof FaultMode>;
export type FaultAfterAccepting = (typeof FAULTS_AFTER_ACCEPTING)[number];
export type FaultInstead = (typeof FAULTS_INSTEAD)[number];

const instead: ReadonlySet<string> = new Set(FAULTS_INSTEAD);

/** Whether a post with this fault stays out of the ledger. */
export function isFaultInstead(mode: FaultMode): mode is FaultInstead {
  return instead.has(mode);
}

/** An accepted post is shown by look-ups only so many milliseconds later. */
const listedAfterMs = z.int().min(0).max(86_400_000).optional();

/**
 * `POST /v1/faults`: the next `times` posts that match fail in this way; or, by a seed, a share of the posts
 * (of one account), the same ones in every run.
 */
export const FaultOrder = z.union([
  z.strictObject({
    mode: FaultMode,
    marker: Name.optional(),
    account: Name.optional(),
    times: z.int().min(1).max(1_000_000).default(1),
    listedAfterMs,
  }),
  z.strictObject({
    seed: Name,
    rate: z.number().min(0).max(1),
    modes: z.array(FaultMode).min(1),
    account: Name.optional(),
    /** Draws once for each text instead of for each attempt: a repetition is not disturbed again. */
    firstAttemptOnly: z.boolean().default(false),
    listedAfterMs,
  }),
]);
export type FaultOrder = z.infer<typeof FaultOrder>;

/** One post that was made to fail, as a line of `faults.jsonl`. */
export const FaultLine = z.object({
  at: z.iso.datetime(),
  marker: z.string(),
  account: z.string(),
  text: z.string(),
  mode: FaultMode,
  listedAfterMs: z.int().optional(),
});
export type FaultLine = z.infer<typeof FaultLine>;

/** Request header of one post that asks for a fault, on a server started with faults. */
export const FAULT_HEADER = 'sandbox-fault';

/** Instants of a request at which a harness can be called. */
export const HookPoint = z.enum(['before-accept', 'after-accept', 'before-response']);
export type HookPoint = z.infer<typeof HookPoint>;

/**
 * `POST /v1/hooks`: the next `times` posts that match, or the share of them that the seed draws, wait at this
 * point until the harness at `url` has answered, or the deadline is over.
 */
export const HookOrder = z.strictObject({
  at: HookPoint,
  url: z.url().refine(isLoopback, 'must be http on a loopback address'),
  marker: Name.optional(),
  account: Name.optional(),
  times: z.int().min(1).max(1_000_000).default(1),
  share: z.strictObject({ seed: Name, rate: z.number().min(0).max(1) }).optional(),
  timeoutMs: z.int().min(1).max(120_000).default(10_000),
});
export type HookOrder = z.infer<typeof HookOrder>;

/** What the harness is told. `sender`: what the client said in the header of that name. */
export const HookCall = z.object({
  at: HookPoint,
  marker: z.string(),
  account: z.string(),
  text: z.string(),
  sender: z.string().nullable(),
});
export type HookCall = z.infer<typeof HookCall>;

/** Request header in which a client under test says which process it is. */
export const SENDER_HEADER = 'sandbox-sender';

function isLoopback(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
}
