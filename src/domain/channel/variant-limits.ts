import { CHANNEL_LIMITS, type ChannelLimits } from './channels.ts';
import { X_REFUSED } from './link-grammar.ts';
import { countBytes, countForLimit, isBlank } from './text-counting.ts';
import { mediaViolations } from './variant-media.ts';
import {
  type AssetFacts,
  type VariantContent,
  type VariantViolation,
  violationsOf,
} from './variant-violation.ts';

const LONE_SURROGATE = /\p{Surrogate}/u;
const REFUSED_ON_X = new RegExp(`[${X_REFUSED}]`);
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
    ...textViolations('text', variant.text, limits, variant.warning),
    ...threadViolations(variant, limits),
    ...mediaViolations(variant, assets, limits),
    ...linkViolations(variant, limits),
  ];
}

function textViolations(
  path: string,
  text: string,
  limits: ChannelLimits,
  warning?: string,
): VariantViolation[] {
  if (LONE_SURROGATE.test(text)) {
    const message = 'The text holds half of a surrogate pair (UTF-16).';
    return [{ path, code: 'text_malformed', message }];
  }
  if (isBlank(text)) {
    return [{ path, code: 'text_missing', message: 'The text is empty: a reader sees nothing.' }];
  }
  const { name, maxHashtags } = limits;
  if (limits.text.counting === 'weighted' && REFUSED_ON_X.test(text)) {
    const message = `${name} takes no text with U+FEFF, U+FFFE or U+FFFF.`;
    return [{ path, code: 'text_malformed', message }];
  }
  const { max, maxBytes } = limits.text;
  const used = countForLimit(text, limits.text, warning);
  const bytes = countBytes(text);
  const hashtags = text.match(HASHTAG)?.length ?? 0;
  return violationsOf(path, [
    [used > max, 'text_too_long', `${name} takes ${max} ${unitOf(limits)}; the text has ${used}.`],
    [
      maxBytes !== null && bytes > maxBytes,
      'text_too_long',
      `${name} takes ${maxBytes} bytes of UTF-8; the text has ${bytes}.`,
    ],
    [
      maxHashtags !== null && hashtags > maxHashtags,
      'hashtags_too_many',
      `${name} takes ${maxHashtags} hashtags; the text has ${hashtags}.`,
    ],
  ]);
}

function unitOf(limits: ChannelLimits): string {
  switch (limits.text.counting) {
    case 'graphemes':
    case 'graphemes_and_bytes':
    case 'status':
    case 'code_units':
      return 'characters';
    case 'weighted':
      return 'weighted characters';
    case 'emoji_as_bytes':
      return 'characters (an emoji counts its bytes)';
  }
}

function threadViolations(
  { thread = [] }: VariantContent,
  limits: ChannelLimits,
): VariantViolation[] {
  const { name, maxThreadSegments: max } = limits;
  if (thread.length === 0) return [];
  if (max === 0) {
    return [{ path: 'thread', code: 'thread_not_supported', message: `${name} has no threads.` }];
  }
  const message = `A thread takes ${max} further texts; this one has ${thread.length}.`;
  return [
    ...violationsOf('thread', [[thread.length > max, 'thread_too_long', message]]),
    ...thread.flatMap((segment, index) => textViolations(`thread.${index}`, segment, limits)),
  ];
}

function linkViolations(variant: VariantContent, limits: ChannelLimits): VariantViolation[] {
  const { link, assets = [] } = variant;
  if (link === undefined) return [];
  const { name } = limits;
  const { place, maxLength, besideMedia } = limits.link;
  const isInText = [variant.text, ...(variant.thread ?? [])].some((text) => text.includes(link));
  return violationsOf('link', [
    [place === 'none', 'link_not_supported', `Nobody can follow a link on ${name}: leave it out.`],
    [
      place === 'in_text' && !isInText,
      'link_not_in_text',
      `${name} has no field for a link: put it into the text.`,
    ],
    [
      place === 'card' && maxLength !== null && link.length > maxLength,
      'link_too_long',
      `${name} takes links of ${maxLength} characters; this one has ${link.length}.`,
    ],
    [
      place === 'card' && assets.length > 0 && !besideMedia && !isInText,
      'link_not_in_text',
      `${name} shows either files or a link card: put the link into the text.`,
    ],
  ]);
}
