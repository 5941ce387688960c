import type { AssetKind } from '../asset-kinds.ts';
import { CHANNEL_LIMITS, type ChannelId, type ChannelLimits } from './channels.ts';
import { countBytes, countForLimit, countGraphemes } from './text-counting.ts';

export const VARIANT_VIOLATION_CODES = [
  'text_missing',
  'text_malformed',
  'text_too_long',
  'hashtags_too_many',
  'thread_not_supported',
  'thread_too_long',
  'media_missing',
  'media_too_many',
  'media_kind_not_allowed',
  'media_kinds_mixed',
  'media_too_large',
  'media_type_not_allowed',
  'asset_unknown',
  'alt_text_missing',
  'alt_text_too_long',
  'link_not_supported',
  'link_not_in_text',
  'link_too_long',
] as const;
export type VariantViolationCode = (typeof VARIANT_VIOLATION_CODES)[number];

/** One rule that a variant breaks; `path` is relative to the variant, e.g. `thread.0`. */
export interface VariantViolation {
  path: string;
  code: VariantViolationCode;
  message: string;
}

/** The text and references of one channel's variant (a draft's variants have this shape). */
export interface VariantContent {
  channel: ChannelId;
  text: string;
  assets?: readonly string[] | undefined;
  link?: string | undefined;
  thread?: readonly string[] | undefined;
}

/** What is known of an asset that a variant may reference. */
export interface AssetFacts {
  hash: string;
  kind: AssetKind;
  altText?: string | undefined;
  /** Bytes; absent when the file has not been looked at. */
  size?: number | undefined;
  /** As its bytes say; absent when the file has not been looked at. */
  mediaType?: string | undefined;
}

const LONE_SURROGATE = /\p{Surrogate}/u;
const HASHTAG = /(?<![\p{L}\p{N}_&])[#＃](?=[\p{N}_]*\p{L})[\p{L}\p{N}_]+/gu;

/**
 * Checks a variant against its channel's limits.
 * @param assets the draft's assets; the variant references them by hash
 * @param limits the channel's limits, where an account has its own (a Mastodon server states them)
 * @returns every violation, in reading order; none means that the variant can be sent as it is
 */
export function validateVariant(
  variant: VariantContent,
  assets: readonly AssetFacts[],
  limits: ChannelLimits = CHANNEL_LIMITS[variant.channel],
): VariantViolation[] {
  return [
    ...textViolations('text', variant.text, limits),
    ...threadViolations(variant, limits),
    ...mediaViolations(variant, assets, limits),
    ...linkViolations(variant, limits),
  ];
}

function textViolations(path: string, text: string, limits: ChannelLimits): VariantViolation[] {
  if (LONE_SURROGATE.test(text)) {
    return [
      {
        path,
        code: 'text_malformed',
        message: 'The text holds half of a surrogate pair (UTF-16).',
      },
    ];
  }
  if (text.trim() === '') {
    return [{ path, code: 'text_missing', message: 'The text is empty.' }];
  }
  const violations: VariantViolation[] = [];
  const used = countForLimit(text, limits.text);
  if (used > limits.text.max) {
    violations.push({
      path,
      code: 'text_too_long',
      message: `${limits.name} takes ${limits.text.max} ${unitOf(limits)}; the text has ${used}.`,
    });
  }
  const bytes = countBytes(text);
  if (limits.text.maxBytes !== null && bytes > limits.text.maxBytes) {
    violations.push({
      path,
      code: 'text_too_long',
      message: `${limits.name} takes ${limits.text.maxBytes} bytes of UTF-8; the text has ${bytes}.`,
    });
  }
  const hashtags = text.match(HASHTAG)?.length ?? 0;
  if (limits.maxHashtags !== null && hashtags > limits.maxHashtags) {
    violations.push({
      path,
      code: 'hashtags_too_many',
      message: `${limits.name} takes ${limits.maxHashtags} hashtags; the text has ${hashtags}.`,
    });
  }
  return violations;
}

function unitOf(limits: ChannelLimits): string {
  switch (limits.text.counting) {
    case 'graphemes':
    case 'graphemes_and_bytes':
    case 'code_units':
      return 'characters';
    case 'weighted':
      return 'weighted characters';
    case 'emoji_as_bytes':
      return 'characters (an emoji counts its bytes)';
  }
}

function threadViolations(variant: VariantContent, limits: ChannelLimits): VariantViolation[] {
  const segments = variant.thread ?? [];
  if (segments.length === 0) return [];
  if (limits.maxThreadSegments === 0) {
    return [
      { path: 'thread', code: 'thread_not_supported', message: `${limits.name} has no threads.` },
    ];
  }
  const violations = segments.flatMap((segment, index) =>
    textViolations(`thread.${index}`, segment, limits),
  );
  if (segments.length > limits.maxThreadSegments) {
    violations.unshift({
      path: 'thread',
      code: 'thread_too_long',
      message: `A thread takes ${limits.maxThreadSegments} further texts; this one has ${segments.length}.`,
    });
  }
  return violations;
}

function mediaViolations(
  variant: VariantContent,
  assets: readonly AssetFacts[],
  limits: ChannelLimits,
): VariantViolation[] {
  const hashes = variant.assets ?? [];
  const violations: VariantViolation[] = [];
  const kinds = new Map<AssetKind, number>();
  for (const [index, hash] of hashes.entries()) {
    const asset = assets.find((known) => known.hash === hash);
    if (!asset) {
      violations.push({
        path: `assets.${index}`,
        code: 'asset_unknown',
        message: `The draft has no asset ${hash}.`,
      });
      continue;
    }
    kinds.set(asset.kind, (kinds.get(asset.kind) ?? 0) + 1);
    violations.push(...assetViolations(`assets.${index}`, asset, limits));
  }
  return [...countViolations(hashes.length, kinds, limits), ...violations];
}

function countViolations(
  count: number,
  kinds: ReadonlyMap<AssetKind, number>,
  limits: ChannelLimits,
): VariantViolation[] {
  const violations: VariantViolation[] = [];
  const path = 'assets';
  if (count < limits.media.min) {
    violations.push({
      path,
      code: 'media_missing',
      message: `${limits.name} needs at least ${limits.media.min} asset; the variant has ${count}.`,
    });
  }
  if (count > limits.media.max) {
    violations.push({
      path,
      code: 'media_too_many',
      message: `${limits.name} takes ${limits.media.max} assets; the variant has ${count}.`,
    });
  }
  for (const [kind, have] of kinds) {
    const max = limits.media.kinds[kind]?.max;
    if (max !== undefined && have > max && count <= limits.media.max) {
      violations.push({
        path,
        code: 'media_too_many',
        message: `${limits.name} takes ${max} of kind ${kind}; the variant has ${have}.`,
      });
    }
  }
  if (!limits.media.mixed && kinds.size > 1) {
    violations.push({
      path,
      code: 'media_kinds_mixed',
      message: `${limits.name} takes one kind of asset per post; the variant has ${[...kinds.keys()].join(' and ')}.`,
    });
  }
  return violations;
}

function assetViolations(
  path: string,
  asset: AssetFacts,
  limits: ChannelLimits,
): VariantViolation[] {
  const kindLimit = limits.media.kinds[asset.kind];
  if (!kindLimit) {
    return [
      {
        path,
        code: 'media_kind_not_allowed',
        message: `${limits.name} takes no asset of kind ${asset.kind}.`,
      },
    ];
  }
  const violations: VariantViolation[] = [];
  if (asset.size !== undefined && kindLimit.maxBytes !== null && asset.size > kindLimit.maxBytes) {
    violations.push({
      path,
      code: 'media_too_large',
      message: `${limits.name} takes ${kindLimit.maxBytes} bytes for kind ${asset.kind}; the file has ${asset.size}.`,
    });
  }
  const { mediaTypes } = kindLimit;
  if (asset.mediaType !== undefined && mediaTypes?.includes(asset.mediaType) === false) {
    violations.push({
      path,
      code: 'media_type_not_allowed',
      message: `${limits.name} takes ${mediaTypes.join(', ')} for kind ${asset.kind}; the file is ${asset.mediaType}.`,
    });
  }
  if (asset.kind !== 'visual') return violations;
  const altText = asset.altText?.trim() ?? '';
  if (altText === '' && limits.altText.required) {
    violations.push({
      path,
      code: 'alt_text_missing',
      message: `${limits.name} needs an alternative text for every visual.`,
    });
  }
  if (limits.altText.max !== null && countGraphemes(altText) > limits.altText.max) {
    violations.push({
      path,
      code: 'alt_text_too_long',
      message: `${limits.name} takes ${limits.altText.max} characters of alternative text; it has ${countGraphemes(altText)}.`,
    });
  }
  return violations;
}

function linkViolations(variant: VariantContent, limits: ChannelLimits): VariantViolation[] {
  const { link } = variant;
  const path = 'link';
  if (link === undefined) return [];
  switch (limits.link.place) {
    case 'none':
      return [
        {
          path,
          code: 'link_not_supported',
          message: `Nobody can follow a link on ${limits.name}: leave it out.`,
        },
      ];
    case 'in_text':
      return holdsLink(variant, link)
        ? []
        : [
            {
              path,
              code: 'link_not_in_text',
              message: `${limits.name} has no field for a link: put it into the text.`,
            },
          ];
    case 'card':
      return cardViolations(variant, link, limits);
  }
}

function cardViolations(
  variant: VariantContent,
  link: string,
  limits: ChannelLimits,
): VariantViolation[] {
  const violations: VariantViolation[] = [];
  const path = 'link';
  if (limits.link.maxLength !== null && link.length > limits.link.maxLength) {
    violations.push({
      path,
      code: 'link_too_long',
      message: `${limits.name} takes links of ${limits.link.maxLength} characters; this one has ${link.length}.`,
    });
  }
  const hasMedia = (variant.assets ?? []).length > 0;
  if (hasMedia && !limits.link.besideMedia && !holdsLink(variant, link)) {
    violations.push({
      path,
      code: 'link_not_in_text',
      message: `${limits.name} shows either files or a link card: put the link into the text.`,
    });
  }
  return violations;
}

function holdsLink(variant: VariantContent, link: string): boolean {
  return [variant.text, ...(variant.thread ?? [])].some((text) => text.includes(link));
}
