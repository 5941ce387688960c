/** The table of channels: longer than other files, because a channel is looked up in one place. */

import { z } from 'zod';
import { ASSET_KINDS, type AssetKind } from '../asset-kinds.ts';
import { keysOf } from '../keys.ts';

/**
 * How a channel counts a text:
 * - `graphemes`: what a reader sees as one character;
 * - `graphemes_and_bytes`: graphemes, and UTF-8 bytes against a second limit;
 * - `status`: as Mastodon counts a status, a link as `urlWeight` and a mention without its server;
 * - `weighted`: X's weights (1 or 2 per code point, 2 per emoji) after NFC;
 * - `emoji_as_bytes`: code points, but an emoji counts as its UTF-8 bytes;
 * - `code_units`: UTF-16 code units, the strictest reading of "characters" where a channel does not say.
 */
export type CountingRule =
  | 'graphemes'
  | 'graphemes_and_bytes'
  | 'status'
  | 'weighted'
  | 'emoji_as_bytes'
  | 'code_units';

export interface TextLimit {
  max: number;
  counting: CountingRule;
  /** Second limit in UTF-8 bytes; null where only `max` counts. */
  maxBytes: number | null;
  /** What any URL weighs, whatever its length; null where it weighs what it is. */
  urlWeight: number | null;
}

export interface MediaKindLimit {
  max: number;
  /** Per file; null where the channel publishes no limit. */
  maxBytes: number | null;
  /** Media types that are taken; absent where the channel states none for the kind. */
  mediaTypes?: readonly string[];
}

export interface MediaLimit {
  min: number;
  max: number;
  /** False where one post carries one kind of media only. */
  mixed: boolean;
  /** A kind that is absent cannot be attached. */
  kinds: Readonly<Partial<Record<AssetKind, MediaKindLimit>>>;
}

export interface AltTextLimit {
  /** Null where the channel publishes no limit. */
  max: number | null;
  /** UTF-16 code units is the strictest reading of "characters" where a channel does not say. */
  counting: 'code_points' | 'code_units';
  /** Kinds whose alternative text the channel takes. */
  kinds: readonly AssetKind[];
  /** Whether every visual needs one. */
  required: boolean;
}

/**
 * What becomes of a variant's `link`: `card` = sent as its own field; `in_text` = the channel has no such
 * field, so it must stand in the text; `none` = links of this channel cannot be followed.
 */
export type LinkPlace = 'card' | 'in_text' | 'none';

/** Writes of one account: at most `max` in any `perMs` milliseconds, as a bucket that refills evenly. */
export interface WriteLimit {
  max: number;
  perMs: number;
}

export interface ChannelLimits {
  name: string;
  text: TextLimit;
  media: MediaLimit;
  altText: AltTextLimit;
  link: {
    place: LinkPlace;
    maxLength: number | null;
    /** False where files take the card's place: a link beside them must then stand in the text. */
    besideMedia: boolean;
  };
  /** Most hashtags in one text; null where the channel sets none. */
  maxHashtags: number | null;
  /** Most further segments after the first text; 0 where the channel has no threads. */
  maxThreadSegments: number;
  /** Null where the channel states none per account. */
  writeLimit: WriteLimit | null;
  /** Where the numbers come from. */
  source: readonly string[];
  /** Month in which the source was read: these numbers drift. */
  asOf: string;
}

const MB = 1_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const ALT_TEXT = { max: null, counting: 'code_units', kinds: ['visual'], required: false } as const;

/** What most channels have alike. */
const USUAL = {
  altText: ALT_TEXT,
  maxHashtags: null,
  maxThreadSegments: 0,
  writeLimit: null,
  asOf: '2026-08',
} as const;

/** A text whose channel says no more than "characters". */
function characters<Max extends number>(max: Max) {
  return { max, counting: 'code_units', maxBytes: null, urlWeight: null } as const;
}

/** Any files, up to so many in all. */
function anyFiles<Max extends number>(max: Max) {
  const files = { max, maxBytes: null } as const;
  const kinds = { written: files, visual: files, video: files, audio: files } as const;
  return { min: 0, max, mixed: true, kinds } as const;
}

/**
 * Every network or site an item can be published to; `sandbox` is the local fake network, `webhook` an own
 * endpoint. Publishing limits per channel, as published by each network. Data, not rules: a server may state tighter
 * ones (Mastodon instances do), and an adapter then narrows these.
 */
export const CHANNEL_LIMITS = {
  sandbox: {
    ...USUAL,
    name: 'Sandbox',
    text: { max: 500, counting: 'graphemes', maxBytes: null, urlWeight: null },
    media: anyFiles(4),
    altText: { ...ALT_TEXT, max: 1500, kinds: ASSET_KINDS },
    link: { place: 'card', maxLength: 2048, besideMedia: true },
    maxThreadSegments: 25,
    writeLimit: { max: 6_000, perMs: MINUTE_MS },
    source: ['Baton: src/sandbox-network/text-rule.ts'],
  },
  mastodon: {
    ...USUAL,
    name: 'Mastodon',
    text: { max: 500, counting: 'status', maxBytes: null, urlWeight: 23 },
    media: {
      min: 0,
      max: 4,
      mixed: false,
      kinds: {
        visual: { max: 4, maxBytes: 16 * MB },
        video: { max: 1, maxBytes: 99 * MB },
        audio: { max: 1, maxBytes: 99 * MB },
      },
    },
    altText: {
      ...ALT_TEXT,
      max: 1500,
      counting: 'code_points',
      kinds: ['visual', 'video', 'audio'],
    },
    link: { place: 'in_text', maxLength: null, besideMedia: true },
    maxThreadSegments: 25,
    writeLimit: { max: 300, perMs: 5 * MINUTE_MS },
    source: [
      'mastodon/documentation: content/en/user/posting.md',
      'mastodon/documentation: content/en/entities/Instance.md',
      'mastodon/mastodon: app/validators/status_length_validator.rb, app/models/media_attachment.rb',
    ],
  },
  bluesky: {
    ...USUAL,
    name: 'Bluesky',
    text: { max: 300, counting: 'graphemes_and_bytes', maxBytes: 3000, urlWeight: null },
    media: {
      min: 0,
      max: 4,
      mixed: false,
      kinds: {
        visual: { max: 4, maxBytes: 2 * MB },
        video: { max: 1, maxBytes: 300 * MB, mediaTypes: ['video/mp4'] },
      },
    },
    altText: { ...ALT_TEXT, required: true },
    link: { place: 'card', maxLength: null, besideMedia: false },
    maxThreadSegments: 25,
    writeLimit: { max: 1_666, perMs: HOUR_MS },
    source: ['bluesky-social/atproto: lexicons/app/bsky/feed/post.json, lexicons/app/bsky/embed'],
  },
  x: {
    ...USUAL,
    name: 'X',
    text: { max: 280, counting: 'weighted', maxBytes: null, urlWeight: 23 },
    media: {
      min: 0,
      max: 4,
      mixed: false,
      kinds: { visual: { max: 4, maxBytes: 5 * MB }, video: { max: 1, maxBytes: 512 * MB } },
    },
    altText: { ...ALT_TEXT, max: 1000 },
    link: { place: 'in_text', maxLength: null, besideMedia: true },
    maxThreadSegments: 25,
    writeLimit: { max: 100, perMs: 15 * MINUTE_MS },
    source: [
      'xdevplatform/docs: fundamentals/counting-characters.mdx',
      'twitter/twitter-text 3.1.0: js/src/parseTweet.js, js/src/extractUrlsWithIndices.js',
      'xdevplatform/docs: x-api/media/quickstart/best-practices.mdx',
    ],
  },
  linkedin: {
    ...USUAL,
    name: 'LinkedIn',
    text: characters(3000),
    media: {
      min: 0,
      max: 20,
      mixed: false,
      kinds: {
        visual: { max: 20, maxBytes: null },
        video: { max: 1, maxBytes: null },
        written: { max: 1, maxBytes: null },
      },
    },
    link: { place: 'card', maxLength: null, besideMedia: true },
    writeLimit: { max: 150, perMs: DAY_MS },
    source: ['learn.microsoft.com/linkedin/marketing: Posts API, MultiImage API'],
  },
  facebook: {
    ...USUAL,
    name: 'Facebook Page',
    text: characters(63_206),
    media: {
      min: 0,
      max: 10,
      mixed: false,
      kinds: { visual: { max: 10, maxBytes: null }, video: { max: 1, maxBytes: null } },
    },
    link: { place: 'card', maxLength: null, besideMedia: true },
    source: [
      'gitroomhq/postiz-app: facebook.provider.ts',
      'helpx.adobe.com: Content Scheduler media specifications',
    ],
  },
  instagram: {
    ...USUAL,
    name: 'Instagram',
    text: characters(2200),
    media: {
      min: 1,
      max: 10,
      mixed: true,
      kinds: { visual: { max: 10, maxBytes: 8 * MB }, video: { max: 10, maxBytes: null } },
    },
    link: { place: 'none', maxLength: null, besideMedia: true },
    maxHashtags: 5,
    writeLimit: { max: 50, perMs: DAY_MS },
    source: [
      'developers.facebook.com/docs/instagram-platform/content-publishing',
      'ayrshare.com/docs: Instagram',
      'helpx.adobe.com: Content Scheduler media specifications',
    ],
  },
  threads: {
    ...USUAL,
    name: 'Threads',
    text: { max: 500, counting: 'emoji_as_bytes', maxBytes: null, urlWeight: null },
    media: {
      min: 0,
      max: 20,
      mixed: true,
      kinds: { visual: { max: 20, maxBytes: null }, video: { max: 20, maxBytes: null } },
    },
    link: { place: 'in_text', maxLength: null, besideMedia: true },
    maxThreadSegments: 25,
    writeLimit: { max: 250, perMs: DAY_MS },
    source: ['developers.facebook.com/documentation/threads/posts'],
  },
  youtube: {
    ...USUAL,
    name: 'YouTube',
    text: characters(5000),
    media: { min: 1, max: 1, mixed: false, kinds: { video: { max: 1, maxBytes: null } } },
    link: { place: 'in_text', maxLength: null, besideMedia: true },
    writeLimit: { max: 100, perMs: DAY_MS },
    source: ['developers.google.com/youtube/v3/docs/videos'],
  },
  tiktok: {
    ...USUAL,
    name: 'TikTok',
    text: characters(2200),
    media: {
      min: 1,
      max: 35,
      mixed: false,
      kinds: { visual: { max: 35, maxBytes: null }, video: { max: 1, maxBytes: null } },
    },
    link: { place: 'none', maxLength: null, besideMedia: true },
    writeLimit: { max: 6, perMs: MINUTE_MS },
    source: ['docs.zernio.com/platforms/tiktok'],
  },
  pinterest: {
    ...USUAL,
    name: 'Pinterest',
    text: characters(800),
    media: {
      min: 1,
      max: 1,
      mixed: false,
      kinds: { visual: { max: 1, maxBytes: null }, video: { max: 1, maxBytes: null } },
    },
    altText: { ...ALT_TEXT, max: 500, kinds: ['visual', 'video'] },
    link: { place: 'card', maxLength: 2048, besideMedia: true },
    source: ['pinterest/api-description: v5/openapi.json'],
  },
  webhook: {
    ...USUAL,
    name: 'Webhook',
    text: characters(100_000),
    media: anyFiles(20),
    link: { place: 'card', maxLength: 2048, besideMedia: true },
    maxThreadSegments: 25,
    source: ['Baton: what one delivery carries'],
  },
} as const satisfies Record<string, ChannelLimits>;

export const CHANNEL_IDS = keysOf(CHANNEL_LIMITS);

export const ChannelId = z.enum(CHANNEL_IDS).meta({
  id: 'ChannelId',
  description: 'A network or site to publish to.',
  example: 'sandbox',
});
export type ChannelId = z.infer<typeof ChannelId>;
