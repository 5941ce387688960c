import fc from 'fast-check';
import twitter from 'twitter-text';
import { describe, expect, it } from 'vitest';
import { CHANNEL_IDS, CHANNEL_LIMITS, ChannelId, type ChannelLimits } from './channels.ts';
import { validateVariant } from './variant-limits.ts';
import type { AssetFacts, VariantContent } from './variant-violation.ts';

const VISUAL: AssetFacts = {
  hash: 'a'.repeat(64),
  kind: 'visual',
  altText: 'Un fournil',
  size: 900,
};
const VIDEO: AssetFacts = { hash: 'b'.repeat(64), kind: 'video', size: 900 };

function codes(variant: VariantContent, assets: AssetFacts[] = [VISUAL, VIDEO]): string[] {
  return validateVariant(variant, assets).map(({ path, code }) => `${path} ${code}`);
}

describe('the limits', () => {
  it('name their source and the month it was read', () => {
    for (const channel of CHANNEL_IDS) {
      const limits: ChannelLimits = CHANNEL_LIMITS[channel];
      expect(limits.source.length).toBeGreaterThan(0);
      expect(limits.asOf).toMatch(/^\d{4}-\d{2}$/);
      expect(ChannelId.parse(channel)).toBe(channel);
    }
  });

  it('counting by bytes has a byte limit, and only it', () => {
    for (const channel of CHANNEL_IDS) {
      const { text }: ChannelLimits = CHANNEL_LIMITS[channel];
      expect(text.maxBytes !== null).toBe(text.counting === 'graphemes_and_bytes');
    }
  });
});

describe('text', () => {
  it('exactly at the limit passes, one more does not, on every channel', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CHANNEL_IDS), fc.constantFrom('a', 'é'), (channel, letter) => {
        const max = CHANNEL_LIMITS[channel].text.max;
        const at = codes({ channel, text: letter.repeat(max) });
        const over = codes({ channel, text: letter.repeat(max + 1) });
        expect(at).not.toContain('text text_too_long');
        expect(over).toContain('text text_too_long');
      }),
    );
  });

  it('Bluesky refuses 300 graphemes that are more than 3,000 bytes', () => {
    expect(codes({ channel: 'bluesky', text: '👨‍👩‍👧‍👦'.repeat(120) })).toEqual([]);
    expect(codes({ channel: 'bluesky', text: '👨‍👩‍👧‍👦'.repeat(299) })).toEqual([
      'text text_too_long',
    ]);
  });

  it('a long URL weighs 23 on Mastodon and its length on Bluesky', () => {
    const text = `https://example.com/${'a'.repeat(600)}`;
    expect(codes({ channel: 'mastodon', text })).toEqual([]);
    expect(codes({ channel: 'bluesky', text })).toEqual(['text text_too_long']);
  });

  it('a text of which a reader sees nothing is empty, on every channel', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CHANNEL_IDS),
        fc.string({
          unit: fc.constantFrom(
            ...' \n\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u180e\u200b\u200d\u200e\u2028\u2060',
            ...'\u2800\u3000\u3164\ufe0f\ufeff\uffa0\u0007\u{e0020}\u{e0100}\u{1d173}\u{1d159}',
          ),
        }),
        (channel, text) => {
          expect(codes({ channel, text })).toContain('text text_missing');
          expect(codes({ channel, text: `${text}.` })).not.toContain('text text_missing');
        },
      ),
    );
    expect(codes({ channel: 'sandbox', text: 'a', thread: ['\u3164'] })).toEqual([
      'thread.0 text_missing',
    ]);
    expect(codes({ channel: 'sandbox', text: '\u0600' })).toEqual([]);
  });

  it('X refuses a text with a byte order mark or a character that is none', () => {
    for (const refused of ['\ufeff', '\ufffe', '\uffff']) {
      expect(codes({ channel: 'x', text: `a${refused}` })).toEqual(['text text_malformed']);
      expect(twitter.parseTweet(`a${refused}`).valid).toBe(false);
      expect(codes({ channel: 'mastodon', text: `a${refused}` })).toEqual([]);
    }
  });

  it('is judged on Mastodon as its server will judge it: links, mentions, white space', () => {
    const mention = '@ana@a-server-with-a-long-name.example';
    const filled = `${mention} https://example.com/${'a'.repeat(300)}.\n`;
    const rest = 500 - '@ana'.length - 1 - 23 - 1 - 1;
    expect(codes({ channel: 'mastodon', text: `${filled}${'b'.repeat(rest)}\n\n` })).toEqual([]);
    expect(codes({ channel: 'mastodon', text: `${filled}${'b'.repeat(rest + 1)}` })).toEqual([
      'text text_too_long',
    ]);
    const noLink = `http://intranet/${'a'.repeat(490)}`;
    expect(codes({ channel: 'mastodon', text: noLink })).toEqual(['text text_too_long']);
  });

  it('an empty text and a lone surrogate are named', () => {
    expect(codes({ channel: 'sandbox', text: ' \n' })).toEqual(['text text_missing']);
    expect(codes({ channel: 'sandbox', text: 'a\ud83d' })).toEqual(['text text_malformed']);
  });

  it('the sixth hashtag on Instagram is one too many', () => {
    const variant = { channel: 'instagram', assets: [VISUAL.hash] } as const;
    expect(codes({ ...variant, text: '#un #deux #trois #quatre #cinq' })).toEqual([]);
    expect(codes({ ...variant, text: '#un #deux #trois #quatre #cinq #six' })).toEqual([
      'text hashtags_too_many',
    ]);
  });

  it('the message says the limit and what the text has', () => {
    const [violation] = validateVariant({ channel: 'x', text: 'a'.repeat(281) }, []);
    expect(violation?.message).toBe('X takes 280 weighted characters; the text has 281.');
  });
});

describe('threads', () => {
  it('each segment is counted by itself', () => {
    expect(codes({ channel: 'x', text: 'a', thread: ['b', 'c'.repeat(281), ''] })).toEqual([
      'thread.1 text_too_long',
      'thread.2 text_missing',
    ]);
  });

  it('a channel without threads refuses one; an empty thread is none', () => {
    expect(codes({ channel: 'linkedin', text: 'a', thread: ['b'] })).toEqual([
      'thread thread_not_supported',
    ]);
    expect(codes({ channel: 'linkedin', text: 'a', thread: [] })).toEqual([]);
  });

  it('too many segments are named once', () => {
    expect(codes({ channel: 'sandbox', text: 'a', thread: Array(26).fill('b') })).toEqual([
      'thread thread_too_long',
    ]);
  });
});

describe('media', () => {
  it('a channel that lives on pictures needs one', () => {
    expect(codes({ channel: 'instagram', text: 'a' })).toEqual(['assets media_missing']);
  });

  it('an unknown hash, a kind the channel lacks, two kinds in one post', () => {
    expect(codes({ channel: 'sandbox', text: 'a', assets: ['c'.repeat(64)] })).toEqual([
      'assets.0 asset_unknown',
    ]);
    expect(codes({ channel: 'youtube', text: 'a', assets: [VISUAL.hash] })).toEqual([
      'assets.0 media_kind_not_allowed',
    ]);
    expect(codes({ channel: 'mastodon', text: 'a', assets: [VISUAL.hash, VIDEO.hash] })).toEqual([
      'assets media_kinds_mixed',
    ]);
  });

  it('too many of all, too many of one kind, too large', () => {
    expect(codes({ channel: 'x', text: 'a', assets: Array(5).fill(VISUAL.hash) })).toEqual([
      'assets media_too_many',
    ]);
    expect(codes({ channel: 'x', text: 'a', assets: [VIDEO.hash, VIDEO.hash] })).toEqual([
      'assets media_too_many',
    ]);
    const large = { ...VISUAL, size: 5_000_001 };
    expect(codes({ channel: 'x', text: 'a', assets: [large.hash] }, [large])).toEqual([
      'assets.0 media_too_large',
    ]);
  });

  it('a type that the channel does not take, where it states some', () => {
    const webm = { ...VIDEO, mediaType: 'video/webm' };
    const mp4 = { ...VIDEO, mediaType: 'video/mp4' };
    const variant = { channel: 'bluesky', text: 'a', assets: [VIDEO.hash] } as const;
    expect(codes(variant, [webm])).toEqual(['assets.0 media_type_not_allowed']);
    expect(codes(variant, [mp4])).toEqual([]);
    expect(codes(variant, [VIDEO])).toEqual([]);
    expect(codes({ ...variant, channel: 'mastodon' }, [webm])).toEqual([]);
  });

  it('alternative text of video and sound is judged where the channel takes it', () => {
    const assets = (altText: string, kind: AssetFacts['kind']): AssetFacts[] => [
      { hash: VIDEO.hash, kind, altText },
    ];
    const of = (channel: VariantContent['channel'], altText: string, kind: AssetFacts['kind']) =>
      codes({ channel, text: 'a', assets: [VIDEO.hash] }, assets(altText, kind));
    for (const kind of ['visual', 'video', 'audio'] as const) {
      for (const channel of ['mastodon', 'sandbox'] as const) {
        expect(of(channel, 'é'.repeat(1501), kind)).toEqual(['assets.0 alt_text_too_long']);
        expect(of(channel, 'é'.repeat(1500), kind)).toEqual([]);
      }
      // Ruby counts code points: a family of four is seven.
      expect(of('mastodon', '👨‍👩‍👧‍👦'.repeat(215), kind)).toEqual(['assets.0 alt_text_too_long']);
      expect(of('mastodon', '👨‍👩‍👧‍👦'.repeat(214), kind)).toEqual([]);
    }
    expect(of('pinterest', 'é'.repeat(501), 'video')).toEqual(['assets.0 alt_text_too_long']);
    expect(of('x', 'é'.repeat(1001), 'video')).toEqual([]);
    expect(of('bluesky', '', 'video')).toEqual([]);
    expect(of('bluesky', '\u200b \u3164', 'visual')).toEqual(['assets.0 alt_text_missing']);
  });

  it('alternative text: required where the channel has it as a field, counted in graphemes', () => {
    const bare: AssetFacts = { hash: VISUAL.hash, kind: 'visual' };
    const long: AssetFacts = { ...bare, altText: 'é'.repeat(1501) };
    const variant = { text: 'a', assets: [VISUAL.hash] };
    expect(codes({ ...variant, channel: 'bluesky' }, [bare])).toEqual([
      'assets.0 alt_text_missing',
    ]);
    expect(codes({ ...variant, channel: 'sandbox' }, [bare])).toEqual([]);
    expect(codes({ ...variant, channel: 'mastodon' }, [long])).toEqual([
      'assets.0 alt_text_too_long',
    ]);
  });
});

describe('links', () => {
  const link = 'https://example.com/article';

  it('go into the text where the channel has no field for them', () => {
    expect(codes({ channel: 'mastodon', text: 'a', link })).toEqual(['link link_not_in_text']);
    expect(codes({ channel: 'mastodon', text: `a ${link}`, link })).toEqual([]);
    expect(codes({ channel: 'bluesky', text: 'a', link })).toEqual([]);
  });

  it('are refused where nobody can follow them, and when too long', () => {
    expect(codes({ channel: 'instagram', text: 'a', link, assets: [VISUAL.hash] })).toEqual([
      'link link_not_supported',
    ]);
    expect(codes({ channel: 'sandbox', text: 'a', link: `${link}${'a'.repeat(2048)}` })).toEqual([
      'link link_too_long',
    ]);
  });
});

it('limits of an account narrow those of its channel', () => {
  const server: ChannelLimits = {
    ...CHANNEL_LIMITS.mastodon,
    text: { ...CHANNEL_LIMITS.mastodon.text, max: 5 },
  };
  expect(validateVariant({ channel: 'mastodon', text: 'abcdef' }, [], server)).toHaveLength(1);
});

it('whatever the variant, violations are codes with a path and a message', () => {
  fc.assert(
    fc.property(
      fc.record({
        channel: fc.constantFrom(...CHANNEL_IDS),
        text: fc.string({ unit: 'binary' }),
        assets: fc.array(fc.constantFrom(VISUAL.hash, VIDEO.hash, 'x')),
        thread: fc.array(fc.string()),
      }),
      (variant) => {
        for (const violation of validateVariant(variant, [VISUAL, VIDEO])) {
          expect(violation.path).toMatch(/^(text|link|thread(\.\d+)?|assets(\.\d+)?)$/);
          expect(violation.message).toMatch(/\.$/);
        }
      },
    ),
  );
});

describe('a link beside files on Bluesky, where files take the place of the card', () => {
  const hash = 'f'.repeat(64);
  const assets = [{ hash, kind: 'visual' as const, altText: 'A loaf' }];
  const link = 'https://example.com/a';
  const codesOf = (change: { text?: string; assets?: string[] }) =>
    validateVariant({ channel: 'bluesky', text: 'Read', link, ...change }, assets).map(
      ({ code }) => code,
    );

  it('must stand in the text', () => {
    expect(codesOf({ assets: [hash] })).toEqual(['link_not_in_text']);
    expect(codesOf({ assets: [hash], text: `Read ${link}` })).toEqual([]);
    expect(codesOf({})).toEqual([]);
  });
});
