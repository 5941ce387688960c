import { AppBskyFeedPost, AppBskyRichtextFacet, RichText } from '@atproto/api';
import { describe, expect, it } from 'vitest';
import { corpus, SCRIPTS } from '../../../test/support/counting/corpus.ts';
import { growthOf } from '../../../test/support/counting/doubling.ts';
import { countBytes, countGraphemes } from '../../domain/channel/text-counting.ts';
import { facetsIn } from './facets.ts';

type Facet = AppBskyRichtextFacet.Main;

/** A facet with the part of the text that it covers, by its bytes. */
function shown(text: string, facets: readonly Facet[] = []) {
  const bytes = Buffer.from(text);
  return facets.map(({ index, features }) => ({
    from: index.byteStart,
    text: bytes.subarray(index.byteStart, index.byteEnd).toString(),
    feature: features[0],
  }));
}

function linksIn(text: string): (string | undefined)[] {
  return shown(text, facetsIn(text)).map(({ text: part, feature }) => {
    if (!AppBskyRichtextFacet.isLink(feature)) return undefined;
    expect([part, `https://${part}`]).toContain(feature.uri);
    return part;
  });
}

function byLibrary(text: string): Facet[] {
  const rich = new RichText({ text });
  rich.detectFacetsWithoutResolution();
  return rich.facets ?? [];
}

describe('a link ends where a reader sees it end', () => {
  it.each([
    '.',
    '...',
    '…',
    '?!',
    '!!!',
    ',',
    ';',
    ':',
    ')',
    ').',
    '）',
    '。',
    '、',
    '」',
    '"',
    '»',
    '”.',
    '🎉',
    '👨‍👩‍👧 ',
    '🎉!',
    '؟',
    '।',
    '...)',
    '(',
  ])('%j behind it is none of it', (end) => {
    expect(linksIn(`See https://example.com${end}`)).toEqual(['https://example.com']);
    expect(linksIn(`See example.com${end}`)).toEqual(['example.com']);
  });

  it.each([
    ['https://example.com/a...', 'https://example.com/a'],
    ['https://example.com/a?b=c?!', 'https://example.com/a?b=c'],
    ['https://example.com/wiki/Pain_(film)', 'https://example.com/wiki/Pain_(film)'],
    ['(https://example.com/wiki/Pain_(film))...', 'https://example.com/wiki/Pain_(film)'],
    ['https://example.com/#a-', 'https://example.com/#a-'],
    ['https://i❤.ws/a', 'https://i❤.ws/a'],
    ['https://example.com/🎉', 'https://example.com/🎉'],
    ['https://пример.рф/путь…', 'https://пример.рф/путь'],
    ['http://localhost:3000/a.', 'http://localhost:3000/a'],
  ])('%j links %j', (text, link) => {
    expect(linksIn(text)).toEqual([link]);
  });

  it('what is no address has no facet', () => {
    for (const text of ['https://...', 'https://.', 'http://,', 'https://…']) {
      expect(facetsIn(text)).toEqual([]);
    }
  });
});

/** The differences from the library: what a link does not end with, and what is no address at all. */
const BEHIND_A_LINK = /^[\p{P}\p{S}\p{Extended_Pictographic}\p{Regional_Indicator}\p{M}\p{Cf}]/u;

function isNoAddress(uri: string): boolean {
  return !URL.canParse(uri) || /^https?:\/\/\p{P}*$/u.test(uri);
}

describe('a generated corpus', () => {
  it.each(SCRIPTS)(
    'has the facets of Bluesky’s own library, but for the ends of links: %s',
    (script) => {
      const texts = corpus({ perScript: 1_000 }).filter((one) => one.script === script);
      let named = 0;
      for (const { text } of texts) {
        const [ours, theirs] = [shown(text, facetsIn(text)), shown(text, byLibrary(text))];
        for (const { from, text: part, feature } of theirs) {
          const same = ours.find(
            (one) => one.from === from && one.feature?.$type === feature?.$type,
          );
          if (same?.text === part) {
            expect(same.feature).toEqual(feature);
            continue;
          }
          named += 1;
          if (same === undefined) {
            expect([
              text,
              AppBskyRichtextFacet.isLink(feature) && isNoAddress(feature.uri),
            ]).toEqual([text, true]);
          } else {
            expect(part.startsWith(same.text)).toBe(true);
            expect(part.slice(same.text.length)).toMatch(BEHIND_A_LINK);
          }
        }
        expect(ours.length).toBeLessThanOrEqual(theirs.length);
      }
      expect(named).toBeGreaterThan(0);
    },
  );

  it('is taken by Bluesky’s own check of a record, exactly where it is within the limits', () => {
    const texts = corpus({ perScript: 1_000, seed: 2 }).map(({ text }, index) =>
      text.repeat(1 + (index % 5)),
    );
    for (const text of texts) {
      const facets = facetsIn(text).filter(
        ({ features: [feature] }) => !AppBskyRichtextFacet.isMention(feature),
      );
      const $type = 'app.bsky.feed.post';
      const record = { $type, text, createdAt: '2026-08-01T09:00:00.000Z', facets };
      const { success } = AppBskyFeedPost.validateRecord(record);
      const isWithin = countGraphemes(text) <= 300 && countBytes(text) <= 3_000;
      expect([text, success]).toEqual([text, isWithin]);
    }
  });
});

it.each(['https://a.co ', '(', '@a.b ', '#a ', '....', '$a '])(
  '%j is read in linear time',
  (part) => {
    expect(growthOf(facetsIn, part)).toBeLessThan(3);
    // As long as a record may be: what is longer has no facets.
    const text = part.repeat(3_000 / part.length);
    const begun = process.cpuUsage();
    facetsIn(text);
    expect(process.cpuUsage(begun).user).toBeLessThan(200_000);
  },
);
