import { CHANNEL_LIMITS, type ChannelLimits } from './channels.ts';
import { countBytes, countForLimit } from './text-counting.ts';
import { mediaViolations } from './variant-media.ts';
import type { AssetFacts, VariantContent, VariantViolation } from './variant-violation.ts';

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
