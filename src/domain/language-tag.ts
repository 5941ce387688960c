import { z } from 'zod';

/** RFC 5646 asks for room for 35 characters at least. */
const MAX_LENGTH = 100;

const LANGUAGE = '[a-z]{2,3}(-[a-z]{3}){0,3}|[a-z]{4,8}';
const SCRIPT = '-[a-z]{4}';
const REGION = '-([a-z]{2}|\\d{3})';
const VARIANT = '-([a-z\\d]{5,8}|\\d[a-z\\d]{3})';
const EXTENSION = '-[a-wyz\\d](-[a-z\\d]{2,8})+';
const PRIVATE_USE = 'x(-[a-z\\d]{1,8})+';
/** RFC 5646, section 2.1. */
const TAG = new RegExp(
  `^((${LANGUAGE})(${SCRIPT})?(${REGION})?(?<variants>(${VARIANT})*)(?<extensions>(${EXTENSION})*)(-${PRIVATE_USE})?|${PRIVATE_USE})$`,
);
/** Tags from before the grammar that do not follow it: "grandfathered", "irregular". */
const IRREGULAR = new Set([
  'en-gb-oed',
  'i-ami',
  'i-bnn',
  'i-default',
  'i-enochian',
  'i-hak',
  'i-klingon',
  'i-lux',
  'i-mingo',
  'i-navajo',
  'i-pwn',
  'i-tao',
  'i-tay',
  'i-tsu',
  'sgn-be-fr',
  'sgn-be-nl',
  'sgn-ch-de',
]);

/**
 * Whether a text is a well-formed BCP 47 tag: its grammar, and that no variant and no extension is there twice.
 * Not `Intl`, which refuses tags that the grammar has (`zh-cmn-Hans`, `x-house`).
 */
export function isLanguageTag(text: string): boolean {
  // Before its letters are made small: there are others than ASCII's that become such.
  if (text.length > MAX_LENGTH || !/^[a-zA-Z\d-]+$/.test(text)) return false;
  const tag = text.toLowerCase();
  if (IRREGULAR.has(tag)) return true;
  const match = TAG.exec(tag);
  if (match === null) return false;
  const { variants, extensions } = match.groups ?? {};
  const singletons = subtags(extensions).filter(({ length }) => length === 1);
  return isDistinct(subtags(variants)) && isDistinct(singletons);
}

function subtags(part = ''): string[] {
  return part.split('-').slice(1);
}

function isDistinct(list: readonly string[]): boolean {
  return new Set(list).size === list.length;
}

/** The language of a text. Kept as it was written; each channel's adapter makes of it what its network takes. */
export const LanguageTag = z
  .string()
  .max(MAX_LENGTH)
  .refine(isLanguageTag, 'is not a well-formed BCP 47 language tag, such as fr, pt-BR or zh-Hans')
  .meta({ description: 'BCP 47 language tag', example: 'pt-BR' });
