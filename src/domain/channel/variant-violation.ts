import type { AssetKind } from '../asset-kinds.ts';
import type { ChannelId } from './channels.ts';

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

/** A rule as it is checked: whether it is broken, and what is said then. */
type CheckedRule = readonly [isBroken: boolean, code: VariantViolationCode, message: string];

export function violationsOf(path: string, rules: readonly CheckedRule[]): VariantViolation[] {
  return rules.flatMap(([isBroken, code, message]) => (isBroken ? [{ path, code, message }] : []));
}

/** The text and references of one channel's variant (a draft's variants have this shape). */
export interface VariantContent {
  channel: ChannelId;
  text: string;
  /** What the account shows before the text, where the channel counts both (Mastodon). */
  warning?: string | undefined;
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
