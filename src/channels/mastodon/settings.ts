import { z } from 'zod';
import type { ChannelAccount, Idempotency } from '../channel.ts';

/**
 * Whether a software makes one status of two posts with the same `Idempotency-Key`:
 * - Mastodon: per account, 3,600 s from the moment the status exists, under a lock while it is made
 *   (mastodon/mastodon: app/services/post_status_service.rb, `with_idempotency`);
 * - Hollo: looks for the key in the last hour, but without a lock, and fetches a link preview before it writes
 *   (fedify-dev/hollo: src/api/v1/statuses.ts, src/schema.ts), so a send that is still under way there is not
 *   seen by its repetition;
 * - GoToSocial: reads no such header (superseriousbusiness/gotosocial: internal/api/client/statuses/statuscreate.go);
 * - others: unknown, so it is not relied on (pixelfed/pixelfed#3581 does not, for one).
 */
const HONOURS_KEY = { mastodon: true, hollo: false, gotosocial: false, other: false } as const;

const KEY_WINDOW_MS = 3_600_000;
/** For two clocks that run apart, and a send that is on its way when the window ends. */
const KEY_WINDOW_MARGIN_MS = 300_000;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

function isServer(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.href !== `${url.origin}/` || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
}

export const MastodonSettings = z.strictObject({
  server: z
    .string()
    .max(300)
    .refine(isServer, { error: 'is the https address of a server, without a path', abort: true })
    .transform((text) => new URL(text).origin)
    .describe(
      'Address of the server, e.g. https://mastodon.social. Plain http is for a server of this machine that the deployment allows.',
    ),
  software: z
    .enum(['mastodon', 'hollo', 'gotosocial', 'other'])
    .default('mastodon')
    .describe(
      'What the server runs. Mastodon keeps the key of a post for an hour, so that a repeated send makes no second post; the others are not known to.',
    ),
  honoursIdempotencyKey: z
    .boolean()
    .optional()
    .describe(
      'Overrules what is known of the software. True only when the server makes one post of two sends with the same Idempotency-Key within an hour, also when they arrive at once; otherwise a send whose outcome is unknown could be posted twice.',
    ),
  visibility: z
    .enum(['public', 'unlisted', 'private'])
    .default('public')
    .describe('Who sees the posts: everyone, everyone but not in timelines, or followers.'),
  sensitive: z.boolean().default(false).describe('Hide media behind a warning.'),
  spoilerText: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .optional()
    .describe('Content warning in front of every text; it counts against the limit of characters.'),
});
export type MastodonSettings = z.infer<typeof MastodonSettings>;

export const MastodonCredentials = z.strictObject({
  accessToken: z
    .string()
    .min(1)
    .max(4_000)
    .regex(/^[\x21-\x7e]+$/, 'has characters that a token cannot hold')
    .describe(
      'Access token of the account with the scopes read:accounts, read:statuses, write:media and write:statuses.',
    ),
});
export type MastodonCredentials = z.infer<typeof MastodonCredentials>;

/** Settings that cannot be read promise nothing. */
export function idempotencyOf({ settings }: Pick<ChannelAccount, 'settings'>): Idempotency {
  const parsed = MastodonSettings.safeParse(settings);
  if (!parsed.success) return 'match';
  const { software, honoursIdempotencyKey } = parsed.data;
  return (honoursIdempotencyKey ?? HONOURS_KEY[software])
    ? { exact_for: KEY_WINDOW_MS - KEY_WINDOW_MARGIN_MS }
    : 'match';
}
