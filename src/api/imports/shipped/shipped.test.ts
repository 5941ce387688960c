import { describe, expect, it } from 'vitest';
import { CsvMapping } from '../../../domain/csv/mapping.ts';
import { readBlock } from '../read-block.ts';
import { SHIPPED_MAPPINGS, shippedMapping } from './shipped.ts';

/** Beginnings of exports in the languages of their tools, and what they say of their first piece. */
const EXPORTS: [id: string, file: string, ref: string, values: Record<string, number>][] = [
  [
    'linkedin-page-updates',
    'Metrics for individual posts\n\nPost title,Post link,Post type,Created date,Impressions,Views,Offsite Views,Clicks,Click through rate (CTR),Likes,Comments,Reposts,Follows,Engagement rate\n"A post\nof two lines",https://www.linkedin.com/feed/update/urn:li:activity:7,Organic,03/02/2026,1200,,0,31,0.0258,40,3,2,0,0.0633\n',
    'https://www.linkedin.com/feed/update/urn:li:activity:7',
    { impressions: 1_200, other_clicks: 31, reactions: 40, comments: 3, shares: 2 },
  ],
  [
    'x-post-analytics',
    'Post id,Date,Post text,Post Link,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,Replies,Reposts,Profile visits,Detail Expands,URL Clicks,Hashtag Clicks,Permalink Clicks\n2074000000000000001,"Tue, Jul 14, 2026","=Hello, ""all""",https://x.com/a/status/2074000000000000001,122978,12,300,4,1,0,2,3,129,200,66,0,0\n',
    '2074000000000000001',
    { impressions: 122_978, reactions: 12, saves: 4, shares: 4, comments: 2, link_clicks: 66 },
  ],
  [
    'meta-business-suite',
    'Post ID,Page ID,Page name,Title,Description,Duration (sec),Publish time,Caption type,Permalink,Is crosspost,Is share,Post type,Languages,Custom labels,Funded content status,Data comment,Date,Views,Reach,"Reactions, Comments and Shares",Reactions,Comments,Shares,Total clicks\n122,9,"A page","T","D",0,03/02/2026 08:00,,https://www.facebook.com/9/posts/122,0,0,Photos,,,,,Lifetime,900,700,15,10,3,2,20\n',
    '122',
    { impressions: 900, reach: 700, reactions: 10, comments: 3, shares: 2 },
  ],
  [
    'ga4-exploration',
    '# ----------------------------------------\n# Free form 1\n# Shop - GA4\n# 20260301-20260331\n# ----------------------------------------\n\nSession manual ad content,Sessions,Engaged sessions,Bounce rate,Views,Key events,Totals\n,500,300,0.4,900,12,Grand total\npub_1,200,120,0.4,350,5\n'
      .replace(',Totals', '')
      .replace(',Grand total', ''),
    'pub_1',
    { sessions: 200, engaged_sessions: 120, bounces: 80, pageviews: 350, key_events: 5 },
  ],
  [
    'ga4-exploration',
    'Sitzung – manueller Anzeigeninhalt;Sitzungen;Sitzungen mit Interaktionen;Schlüsselereignisse\nGesamtsumme;500;300;12\npub_1;1 200;120;5\n',
    'pub_1',
    { sessions: 1_200, engaged_sessions: 120, key_events: 5 },
  ],
  [
    'ga4-exploration',
    'Contenu manuel de l’annonce de la session,Sessions,Sessions avec engagement,Événements clés\npub_1,200,120,5\n',
    'pub_1',
    { sessions: 200, engaged_sessions: 120, key_events: 5 },
  ],
  ...[
    'Top pages,Clicks,Impressions,CTR,Position',
    'Pages les plus populaires,Clics,Impressions,CTR,Position',
    'Die häufigsten Seiten,Klicks,Impressionen,CTR,Position',
  ].map((header): [string, string, string, Record<string, number>] => [
    'search-console-pages',
    `${header}\nhttps://example.org/a,3,40,7.5%,8.25\n`,
    'https://example.org/a',
    { search_clicks: 3, search_impressions: 40, position_x_impressions: 330 },
  ]),
  ...[
    'Label,Unique visitors,Visits,Bounces',
    'Libellé,Visiteurs uniques,Visites,Rebonds',
    'Bezeichnung,Eindeutige Besucher,Besuche,Absprünge',
  ].map((header): [string, string, string, Record<string, number>] => [
    'matomo-campaign-content',
    `\uFEFF${header}\npub_1,90,100,40\n`,
    'pub_1',
    { users: 90, sessions: 100, bounces: 40 },
  ]),
];

describe('shipped mappings', () => {
  it.each(SHIPPED_MAPPINGS.map((one) => [one.id, one] as const))(
    '%s: follows the rules of any mapping, and says where its headers are from',
    (id, { mapping, sources, checkedOn }) => {
      expect(CsvMapping.parse(mapping)).toEqual(mapping);
      expect(sources.length).toBeGreaterThan(0);
      expect(checkedOn).toMatch(/^\d{4}-\d\d-\d\d$/);
      expect(id).toMatch(/^[a-z0-9-]+$/);
    },
  );

  it.each(EXPORTS)('%s reads %j', (id, file, ref, values) => {
    const mapping = shippedMapping(id)?.mapping;
    if (mapping === undefined) throw new Error('it is not shipped');
    const bytes = new Uint8Array(Buffer.from(file));
    const block = readBlock({ bytes, line: 1, end: '\n', mapping, zone: 'UTC' });
    if ('message' in block) throw new Error(`line ${block.line} ${block.message}`);
    expect(block.mistakes).toEqual([]);
    expect(block.rows).toHaveLength(1);
    expect(block.rows[0]).toMatchObject({ ref, asOf: null });
    expect(Object.fromEntries(block.rows[0]?.values ?? [])).toEqual(values);
  });

  it('refuse an exploration by day: its rows are parts of a piece', () => {
    const mapping = shippedMapping('ga4-exploration')?.mapping;
    if (mapping === undefined) throw new Error('it is not shipped');
    const bytes = new Uint8Array(
      Buffer.from('Date,Session manual ad content,Sessions\n20260301,pub_1,2\n'),
    );
    const block = readBlock({ bytes, line: 1, end: '\n', mapping, zone: 'UTC' });
    expect(block).toMatchObject({ line: 1, message: expect.stringMatching(/cuts the numbers/) });
  });
});
