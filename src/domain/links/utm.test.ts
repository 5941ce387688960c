import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANNEL_IDS } from '../channel/channels.ts';
import { slugOf, tagLink, UTM_MEDIA, utmTags } from './utm.ts';

const TAGS = utmTags({ channel: 'bluesky', names: ['Spring Launch'], publicationId: 'pub_01A_2' });
const ALL =
  'utm_source=bluesky&utm_medium=organic-social&utm_campaign=spring-launch&utm_content=pub_01A_2';

describe('a slug', () => {
  it.each([
    ['Spring Launch 2027', 'spring-launch-2027'],
    ['  Été à la boulangerie! ', 'ete-a-la-boulangerie'],
    ['Straße — €5', 'stra-e-5'],
    ['ﬁrst', 'first'],
    ['春のキャンペーン', ''],
    ['---', ''],
    [`${'a'.repeat(59)} b`, 'a'.repeat(59)],
    ['"><script>', 'script'],
  ])('of %j', (name, slug) => {
    expect(slugOf(name)).toBe(slug);
  });

  it('is lower case and hyphens, whatever the name is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(slugOf(name)).toMatch(/^([a-z0-9]+(-[a-z0-9]+)*)?$/);
        expect(slugOf(name).length).toBeLessThanOrEqual(60);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the tags of a publication', () => {
  it('have a medium of the list and the channel as their source', () => {
    for (const channel of CHANNEL_IDS) {
      const tags = utmTags({ channel, names: ['x'], publicationId: 'pub_1' });
      expect(UTM_MEDIA).toContain(tags.utm_medium);
      expect(tags.utm_source).toBe(channel);
    }
  });

  it('are called by the first name that has a slug', () => {
    const of = (...names: string[]) =>
      utmTags({ channel: 'x', names, publicationId: 'pub_1' }).utm_campaign;
    expect(of('春', 'Bread')).toBe('bread');
    expect(of('春')).toBe('none');
  });
});

describe('a tagged link', () => {
  it.each([
    ['https://ex.org/a', `https://ex.org/a?${ALL}`],
    ['https://ex.org', `https://ex.org?${ALL}`],
    ['https://ex.org/a?', `https://ex.org/a?${ALL}`],
    ['https://ex.org/a?b=c%20d+e&f', `https://ex.org/a?b=c%20d+e&f&${ALL}`],
    ['https://ex.org/a?b=1&', `https://ex.org/a?b=1&${ALL}`],
    ['https://ex.org/a#top', `https://ex.org/a?${ALL}#top`],
    ['https://ex.org/a#b?c=d#e', `https://ex.org/a?${ALL}#b?c=d#e`],
    ['https://ex.org/a?b=c?d', `https://ex.org/a?b=c?d&${ALL}`],
  ])('%s', (link, tagged) => {
    expect(tagLink(link, TAGS)).toBe(tagged);
  });

  it('keeps each tag that its author set', () => {
    expect(tagLink('https://ex.org/?UTM_Source=mail&utm_campaign=', TAGS)).toBe(
      'https://ex.org/?UTM_Source=mail&utm_campaign=&utm_medium=organic-social&utm_content=pub_01A_2',
    );
    expect(tagLink(`https://ex.org/?${ALL}`, TAGS)).toBe(`https://ex.org/?${ALL}`);
  });

  it('is tagged once', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (link) => {
        const tagged = tagLink(link, TAGS);
        expect(tagLink(tagged, TAGS)).toBe(tagged);
        const [before, after] = [new URL(link), new URL(tagged)];
        expect(after.origin + after.pathname + after.hash).toBe(
          before.origin + before.pathname + before.hash,
        );
        expect(after.searchParams.get('utm_content')).toBe(
          before.searchParams.get('utm_content') ?? 'pub_01A_2',
        );
      }),
      { numRuns: 40 },
    );
  });
});
