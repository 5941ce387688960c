/** The table of channels: longer than other files, because a channel is looked up in one place. */

import { z } from 'zod';
import type { AssetKind } from '../asset-kinds.ts';

/** Every network or site an item can be published to; `sandbox` is the local fake network, `webhook` an own endpoint. */
export const CHANNEL_IDS = [
  'sandbox',
  'mastodon',
  'bluesky',
  'x',
  'linkedin',
  'facebook',
  'instagram',
  'threads',
  'youtube',
  'tiktok',
  'pinterest',
  'webhook',
] as const;

export const ChannelId = z.enum(CHANNEL_IDS).meta({
  id: 'ChannelId',
  description: 'A network or site to publish to.',
  example: 'sandbox',
});
export type ChannelId = z.infer<typeof ChannelId>;

/**
 * How a channel counts a text:
 * - `graphemes`: what a reader sees as one character;
 * - `graphemes_and_bytes`: graphemes, and UTF-8 bytes against a second limit;
 * - `weighted`: X's weights (1 or 2 per code point, 2 per emoji) after NFC;
 * - `emoji_as_bytes`: code points, but an emoji counts as its UTF-8 bytes;
 * - `code_units`: UTF-16 code units, the strictest reading of "characters" where a channel does not say.
 */
export type CountingRule =
  | 'graphemes'
  | 'graphemes_and_bytes'
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
  /** In graphemes; null where the channel publishes no limit. */
  max: number | null;
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
const MONTH_READ = '2026-08';

/**
 * Publishing limits per channel, as published by each network. Data, not rules: a server may state tighter
 * ones (Mastodon instances do), and an adapter then narrows these.
 */
export const CHANNEL_LIMITS = {
  sandbox: {
    name: 'Sandbox',
    text: { max: 500, counting: 'graphemes', maxBytes: null, urlWeight: 23 },
    media: {
      min: 0,
      max: 4,
      mixed: true,
      kinds: {
        written: { max: 4, maxBytes: null },
        visual: { max: 4, maxBytes: null },
        video: { max: 4, maxBytes: null },
        audio: { max: 4, maxBytes: null },
      },
    },
    altText: { max: 1500, required: false },
    link: { place: 'card', maxLength: 2048, besideMedia: true },
    maxHashtags: null,
    maxThreadSegments: 25,
    writeLimit: { max: 6_000, perMs: MINUTE_MS },
    source: ['Baton: the sandbox follows Mastodon’s defaults'],
    asOf: MONTH_READ,
  },
  mastodon: {
    name: 'Mastodon',
    text: { max: 500, counting: 'graphemes', maxBytes: null, urlWeight: 23 },
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
    altText: { max: 1500, required: false },
    link: { place: 'in_text', maxLength: null, besideMedia: true },
    maxHashtags: null,
    maxThreadSegments: 25,
    writeLimit: { max: 300, perMs: 5 * MINUTE_MS },
    source: [
      'mastodon/documentation: content/en/user/posting.md',
      'mastodon/documentation: content/en/entities/Instance.md',
    ],
    asOf: MONTH_READ,
  },
  bluesky: {
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
    altText: { max: null, required: true },
    link: { place: 'card', maxLength: null, besideMedia: false },
    maxHashtags: null,
    maxThreadSegments: 25,
    writeLimit: { max: 1_666, perMs: HOUR_MS },
    source: ['bluesky-social/atproto: lexicons/app/bsky/feed/post.json, lexicons/app/bsky/embed'],
    asOf: MONTH_READ,
  },
  x: {
    name: 'X',
    text: { max: 280, counting: 'weighted', maxBytes: null, urlWeight: 23 },
    media: {
      min: 0,
      max: 4,
      mixed: false,
      kinds: { visual: { max: 4, maxBytes: 5 * MB }, video: { max: 1, maxBytes: 512 * MB } },
    },
    altText: { max: 1000, required: false },
    link: { place: 'in_text', maxLength: null, besideMedia: true },
    maxHashtags: null,
    maxThreadSegments: 25,
    writeLimit: { max: 100, perMs: 15 * MINUTE_MS },
    source: [
      'xdevplatform/docs: fundamentals/counting-characters.mdx',
      'xdevplatform/docs: x-api/media/quickstart/best-practices.mdx',
    ],
    asOf: MONTH_READ,
  },
  linkedin: {
    name: 'LinkedIn',
    text: { max: 3000, counting: 'code_units', maxBytes: null, urlWeight: null },
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
    altText: { max: null, required: false },
    link: { place: 'card', maxLength: null, besideMedia: true },
    maxHashtags: null,
    maxThreadSegments: 0,
    writeLimit: { max: 150, perMs: DAY_MS },
    source: ['learn.microsoft.com/linkedin/marketing: Posts API, MultiImage API'],
    asOf: MONTH_READ,
  },
  facebook: {
    name: 'Facebook Page',
    text: { max: 63_206, counting: 'code_units', maxBytes: null, urlWeight: null },
    media: {
      min: 0,
      max: 10,
      mixed: false,
      kinds: { visual: { max: 10, maxBytes: null }, video: { max: 1, maxBytes: null } },
    },
    altText: { max: null, required: false },
    link: { place: 'card', maxLength: null, besideMedia: true },
    maxHashtags: null,
    maxThreadSegments: 0,
    writeLimit: null,
    source: [
      'gitroomhq/postiz-app: facebook.provider.ts',
      'helpx.adobe.com: Content Scheduler media specifications',
    ],
    asOf: MONTH_READ,
  },
  instagram: {
    name: 'Instagram',
    text: { max: 2200, counting: 'code_units', maxBytes: null, urlWeight: null },
    media: {
      min: 1,
      max: 10,
      mixed: true,
      kinds: { visual: { max: 10, maxBytes: 8 * MB }, video: { max: 10, maxBytes: null } },
    },
    altText: { max: null, required: false },
    link: { place: 'none', maxLength: null, besideMedia: true },
    maxHashtags: 5,
    maxThreadSegments: 0,
    writeLimit: { max: 50, perMs: DAY_MS },
    source: [
      'developers.facebook.com/docs/instagram-platform/content-publishing',
      'ayrshare.com/docs: Instagram',
      'helpx.adobe.com: Content Scheduler media specifications',
    ],
    asOf: MONTH_READ,
  },
  threads: {
    name: 'Threads',
    text: { max: 500, counting: 'emoji_as_bytes', maxBytes: null, urlWeight: null },
    media: {
      min: 0,
      max: 20,
      mixed: true,
      kinds: { visual: { max: 20, maxBytes: null }, video: { max: 20, maxBytes: null } },
    },
    altText: { max: null, required: false },
    link: { place: 'in_text', maxLength: null, besideMedia: true },
    maxHashtags: null,
    maxThreadSegments: 25,
    writeLimit: { max: 250, perMs: DAY_MS },
    source: ['developers.facebook.com/documentation/threads/posts'],
    asOf: MONTH_READ,
  },
  youtube: {
    name: 'YouTube',
    text: { max: 5000, counting: 'code_units', maxBytes: null, urlWeight: null },
    media: { min: 1, max: 1, mixed: false, kinds: { video: { max: 1, maxBytes: null } } },
    altText: { max: null, required: false },
    link: { place: 'in_text', maxLength: null, besideMedia: true },
    maxHashtags: null,
    maxThreadSegments: 0,
    writeLimit: { max: 100, perMs: DAY_MS },
    source: ['developers.google.com/youtube/v3/docs/videos'],
    asOf: MONTH_READ,
  },
  tiktok: {
    name: 'TikTok',
    text: { max: 2200, counting: 'code_units', maxBytes: null, urlWeight: null },
    media: {
      min: 1,
      max: 35,
      mixed: false,
      kinds: { visual: { max: 35, maxBytes: null }, video: { max: 1, maxBytes: null } },
    },
    altText: { max: null, required: false },
    link: { place: 'none', maxLength: null, besideMedia: true },
    maxHashtags: null,
    maxThreadSegments: 0,
    writeLimit: { max: 6, perMs: MINUTE_MS },
    source: ['docs.zernio.com/platforms/tiktok'],
    asOf: MONTH_READ,
  },
  pinterest: {
    name: 'Pinterest',
    text: { max: 800, counting: 'code_units', maxBytes: null, urlWeight: null },
    media: {
      min: 1,
      max: 1,
      mixed: false,
      kinds: { visual: { max: 1, maxBytes: null }, video: { max: 1, maxBytes: null } },
    },
    altText: { max: 500, required: false },
    link: { place: 'card', maxLength: 2048, besideMedia: true },
    maxHashtags: null,
    maxThreadSegments: 0,
    writeLimit: null,
    source: ['pinterest/api-description: v5/openapi.json'],
    asOf: MONTH_READ,
  },
  webhook: {
    name: 'Webhook',
    text: { max: 100_000, counting: 'code_units', maxBytes: null, urlWeight: null },
    media: {
      min: 0,
      max: 20,
      mixed: true,
      kinds: {
        written: { max: 20, maxBytes: null },
        visual: { max: 20, maxBytes: null },
        video: { max: 20, maxBytes: null },
        audio: { max: 20, maxBytes: null },
      },
    },
    altText: { max: null, required: false },
    link: { place: 'card', maxLength: 2048, besideMedia: true },
    maxHashtags: null,
    maxThreadSegments: 25,
    writeLimit: null,
    source: ['Baton: what one delivery carries'],
    asOf: MONTH_READ,
  },
} as const satisfies Record<ChannelId, ChannelLimits>;
