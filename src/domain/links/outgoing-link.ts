import { z } from 'zod';
import { sha256Hex } from '../canonical.ts';
import type { ChannelId } from '../channel/channels.ts';
import { derivedId } from '../ids.ts';
import { tagLink, utmTags } from './utm.ts';

/** The address of a server, as it stands in front of the path of a short link. */
const Origin = z
  .url({ protocol: /^https?$/, error: 'is an address such as https://go.example.com', abort: true })
  .max(80)
  .refine(
    (text) => new URL(text).origin === text,
    'is an address without a path, e.g. https://go.example.com',
  );

/** What becomes of the link of a variant when it is sent. A playbook's, so an item pins it at its start. */
export const LinkRule = z
  .strictObject({
    utm: z.boolean().describe('the link gets the UTM tags of its publication'),
    shortLinks: Origin.optional().describe(
      'the link is sent as a short one of this address, which has to lead to Baton: its clicks are counted',
    ),
  })
  .meta({ id: 'LinkRule' });
export type LinkRule = z.infer<typeof LinkRule>;

/** What a link is sent with, beside what its author wrote. */
export interface LinkGround {
  workspaceId: string;
  itemId: string;
  /** Null where the playbook has none: links are sent as they are written. */
  rule: LinkRule | null;
  /** What the campaign is called by, the most fitting first: see `utmTags`. */
  names: readonly string[];
}

/** A variant's link as it is sent for one publication. */
export interface OutgoingLink {
  /** Of the short link; made for every link, and answered where it is sent. */
  code: string;
  publicationId: string;
  channel: ChannelId;
  /** As it was written and approved. */
  written: string;
  /** Where it leads. */
  target: string;
  /** What stands in the post. */
  address: string;
}

export const CODE_LENGTH = 12;
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * The code of a publication's link: the same whenever it is made, so what is shown before a post is what
 * the post holds. It has 71 bits, and nobody can make it who does not know the workspace's id.
 */
export function linkCode(of: {
  workspaceId: string;
  publicationId: string;
  written: string;
}): string {
  const { workspaceId, publicationId, written } = of;
  let rest = BigInt(`0x${sha256Hex(JSON.stringify([workspaceId, publicationId, written]))}`);
  let code = '';
  while (code.length < CODE_LENGTH) {
    code += ALPHABET.charAt(Number(rest % 62n));
    rest /= 62n;
  }
  return code;
}

/** Path of a short link. */
export function shortPath(code: string): string {
  return `/r/${code}`;
}

/**
 * What is sent instead of a link.
 * @param ownHost host that the post is published on: a link that stays there is internal.
 * @returns null where it is sent as it is written.
 */
export function outgoingLink(
  { workspaceId, rule, names }: LinkGround,
  of: { publicationId: string; channel: ChannelId; written: string; ownHost?: string | null },
): OutgoingLink | null {
  const { publicationId, channel, written, ownHost = null } = of;
  if (rule === null || !URL.canParse(written)) return null;
  const { origin, host, pathname } = new URL(written);
  // A tag on a link inside a site begins a new visit there, and takes the first source from it.
  if (host === ownHost) return null;
  if (origin === rule.shortLinks && pathname.startsWith('/r/')) return null;
  const target = rule.utm ? tagLink(written, utmTags({ channel, names, publicationId })) : written;
  const code = linkCode({ workspaceId, publicationId, written });
  const address = rule.shortLinks === undefined ? target : rule.shortLinks + shortPath(code);
  return { code, publicationId, channel, written, target, address };
}

/** Host of the site that an account publishes to: only of an own endpoint is it known. */
export function ownHostOf(account: {
  channel: string;
  settings: Readonly<Record<string, unknown>>;
}): string | null {
  const { url } = account.settings;
  if (account.channel !== 'webhook' || typeof url !== 'string' || !URL.canParse(url)) return null;
  return new URL(url).host;
}

const MANY = 99;

/** What a link will look like before its publication is known: as long as it may get. */
export function expectedLink(
  ground: LinkGround,
  variant: { channel: ChannelId; link: string },
): OutgoingLink | null {
  const publicationId = derivedId('publication', ground.itemId, MANY);
  const { channel, link: written } = variant;
  return outgoingLink(ground, { publicationId, channel, written });
}

/** Texts and link of a variant with the address that is sent. */
export function withAddress<
  Texts extends { text: string; link?: string | undefined; thread?: readonly string[] | undefined },
>(variant: Texts, sent: Pick<OutgoingLink, 'written' | 'address'> | null): Texts {
  if (sent === null) return variant;
  const { thread } = variant;
  return {
    ...variant,
    link: sent.address,
    text: replaceLink(variant.text, sent),
    ...(thread !== undefined && { thread: thread.map((text) => replaceLink(text, sent)) }),
  };
}

/** What goes on with one of these behind a link is another, longer link. */
const GOES_ON = /^[.,;:!?)\]}'"»”’…]{0,8}[^\s.,;:!?)\]}'"»”’…<>|]/u;

/** A text with the link replaced wherever it stands whole. */
export function replaceLink(
  text: string,
  { written, address }: Pick<OutgoingLink, 'written' | 'address'>,
): string {
  let result = '';
  let at = 0;
  for (;;) {
    const found = text.indexOf(written, at);
    if (found === -1) return result + text.slice(at);
    const end = found + written.length;
    const isWhole =
      !GOES_ON.test(text.slice(end, end + 9)) && !/[\w@]/.test(text.charAt(found - 1));
    result += text.slice(at, found) + (isWhole ? address : written);
    at = end;
  }
}
