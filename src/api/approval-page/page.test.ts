import { describe, expect, it } from 'vitest';
import { type AskedContent, askedPage, decidedPage, messagePage, PAGE_HEADERS } from './page.ts';

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;
const HASH = 'a'.repeat(64);

const asked: AskedContent = {
  language: 'en',
  token: 'T'.repeat(43),
  name: 'Ada',
  role: 'legal',
  title: 'A piece',
  draft: {
    language: 'en',
    title: 'A title',
    body: 'The text',
    assets: [{ hash: HASH, kind: 'visual', altText: 'a dog', rights: 'ours' }],
    variants: [
      { channel: 'mastodon', text: 'A post', thread: ['more'], link: 'https://x.example/' },
    ],
    contributors: [],
  },
  changes: null,
  slots: [],
  links: [],
  expiresAt: '2026-03-02T08:00:00.000Z',
  zone: 'Europe/Paris',
  problems: [],
  isHeld: false,
};

describe('the page of an approval link', () => {
  it('shows text, posts, pictures, changes, slots and the end, and one form', () => {
    const slot = { channel: 'mastodon', local: '2026-03-03T09:00', zone: 'Europe/Paris', at: 'x' };
    const changes = [{ of: 'body', parts: [{ text: 'gone', change: 'removed' as const }] }];
    const page = String(askedPage({ ...asked, changes, slots: [slot as never] }));
    for (const shown of [
      'Ada',
      'The text',
      'A post',
      'more',
      'https://x.example/',
      `<img src="${asked.token}/files/${HASH}" alt="a dog">`,
      '<del>gone</del>',
      '2026-03-03 09:00 (Europe/Paris)',
      'March 2, 2026 at 9:00',
      'value="approve"',
      'value="request_changes"',
    ]) {
      expect(page).toContain(shown);
    }
    expect(page.match(/<form/g)).toHaveLength(1);
  });

  it('shows as what a link is sent, and where it leads', () => {
    const link = { channel: 'mastodon', publicationId: 'pub_1', written: 'https://x.example/' };
    const target = 'https://x.example/?utm_source=mastodon';
    const address = 'https://go.example.com/r/abcdefghijkl';
    const shown = (links: object[], language = 'en') =>
      String(askedPage({ ...asked, language: language as 'en', links: links as never }));
    const sentAs = `<p>Sent as: <code>${address}</code> → <code>${target}</code></p>`;
    expect(shown([{ ...link, address, target }])).toContain(sentAs);
    expect(shown([{ ...link, address: null, target }])).toContain('Sent as: a short link →');
    expect(shown([{ ...link, address: null, target }], 'fr')).toContain('d’un lien court →');
    const asWritten = { ...link, address: link.written, target: link.written };
    expect(shown([asWritten, { ...link, channel: 'x', address, target }])).not.toContain('Sent as');
  });

  it('speaks French', () => {
    const page = String(askedPage({ ...asked, language: 'fr' }));
    expect(page).toContain('<html lang="fr">');
    expect(page).toContain('Demander des modifications');
    expect(page).toContain('2 mars 2026');
  });

  it('runs nothing, whatever people wrote', () => {
    const page = String(
      askedPage({
        ...asked,
        name: HOSTILE,
        title: HOSTILE,
        draft: {
          ...asked.draft,
          title: HOSTILE,
          body: HOSTILE,
          assets: [{ hash: HASH, kind: 'visual', altText: HOSTILE, rights: HOSTILE }],
          variants: [{ channel: 'mastodon', text: HOSTILE, thread: [HOSTILE], link: HOSTILE }],
        },
        links: [
          {
            channel: 'mastodon',
            publicationId: null,
            written: '',
            address: HOSTILE,
            target: HOSTILE,
          },
        ],
        changes: [{ of: 'body', parts: [{ text: HOSTILE, change: 'added' }] }],
        problems: [HOSTILE],
      }),
    );
    const refused = { decision: 'approve', outcome: 'refused' } as const;
    const unmet = [{ code: 'four_eyes' as const, message: HOSTILE }];
    const others = [
      messagePage('en', HOSTILE, [HOSTILE]),
      decidedPage('en', { ...refused, unmet }),
    ].map(String);
    for (const html of [page, ...others]) {
      expect(html).not.toMatch(/<script|<img src=x|onerror='/);
      expect(html).toContain('&lt;script&gt;');
    }
  });

  it('has a policy that lets nothing in, and is kept by nobody', () => {
    expect(PAGE_HEADERS['Content-Security-Policy']).toMatch(/^default-src 'none';/);
    expect(PAGE_HEADERS['Content-Security-Policy']).not.toContain('script-src');
    expect(PAGE_HEADERS).toMatchObject({
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
    });
  });

  it('takes no answer while the item is on hold', () => {
    const page = String(askedPage({ ...asked, isHeld: true }));
    expect(page).not.toContain('<form');
    expect(page).toContain('on hold');
  });
});
