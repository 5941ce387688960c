import type { ChannelId } from '../channel/channels.ts';

/** The only media that Baton states: one per kind of channel, so that reports never split one in two. */
export const UTM_MEDIA = ['organic-social', 'referral'] as const;
export type UtmMedium = (typeof UTM_MEDIA)[number];

export interface UtmTags {
  utm_source: string;
  utm_medium: UtmMedium;
  utm_campaign: string;
  utm_content: string;
}

const LONGEST_SLUG = 60;

/**
 * Lower case, with hyphens, in ASCII: analytics tell `Spring` and `spring` apart, and cannot merge them later.
 * @returns an empty text for a name that has no such letter or digit.
 */
export function slugOf(name: string): string {
  return name
    .slice(0, 10 * LONGEST_SLUG)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, LONGEST_SLUG)
    .replace(/-$/, '');
}

/**
 * The tags of a publication's link (docs/links.md).
 * @param names what the campaign is called by: the first that has a slug.
 */
export function utmTags(of: {
  channel: ChannelId;
  names: readonly string[];
  publicationId: string;
}): UtmTags {
  const { channel, names, publicationId } = of;
  return {
    utm_source: slugOf(channel),
    utm_medium: channel === 'webhook' ? 'referral' : 'organic-social',
    utm_campaign: names.map(slugOf).find((slug) => slug !== '') ?? 'none',
    // Verbatim: sources of readings look for it.
    utm_content: publicationId,
  };
}

/** A link with the tags that its author did not set; the rest of it stays as it is written, byte by byte. */
export function tagLink(link: string, tags: UtmTags): string {
  const [beforeFragment = '', ...fragments] = link.split('#');
  const [path = '', ...queries] = beforeFragment.split('?');
  const query = queries.join('?');
  const known = new Set([...new URLSearchParams(query).keys()].map((name) => name.toLowerCase()));
  const added = Object.entries(tags)
    .filter(([name]) => !known.has(name))
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const parts = [...(query === '' ? [] : [query.replace(/&$/, '')]), ...added];
  const fragment = fragments.length === 0 ? '' : `#${fragments.join('#')}`;
  const tagged = parts.length === 0 ? beforeFragment : `${path}?${parts.join('&')}`;
  return tagged + fragment;
}
