import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import type { Growth } from '../../domain/kpi/growth.ts';
import type { VerdictRow } from '../../domain/kpi/verdict-schema.ts';
import { chartSvg } from './charts.ts';
import { reviewDocument } from './content.ts';
import { csvText, verdictsCsv } from './csv.ts';
import { DOCUMENT_HEADERS, documentHtml } from './html.ts';
import type { KpiReview } from './kpi-review-schema.ts';
import { documentMarkdown } from './markdown.ts';
import { acceptedFormat } from './written-review.ts';

const HOSTILE =
  '</p><script>alert(1)</script> [x](javascript:alert(1)) | `a` "b" \'c\' <img src=x onerror=1>';

function row(change: Partial<VerdictRow> = {}): VerdictRow {
  return {
    kpi: 'click_through_rate',
    role: 'strategist',
    scope: 'item',
    checkpoint: '+7d',
    verdict: 'missed',
    value: 0.021,
    unit: 'fraction',
    direction: 'higher',
    low: 0.018,
    high: 0.025,
    target: 0.03,
    attainment: 0.7,
    reason: 'The whole interval misses the target.',
    asOf: '2026-01-08T00:00:00.000Z',
    primary: true,
    definition: 'x',
    flags: [],
    readings: [],
    ...change,
  };
}

const REVIEW: KpiReview = {
  itemId: 'itm_1',
  title: HOSTILE,
  frozen: true,
  reviewId: 'rev_1_1',
  number: 1,
  hash: 'f'.repeat(64),
  frozenAt: '2026-02-01T00:00:00.000Z',
  targets: [{ kpi: 'click_through_rate', target: 0.03, checkpoint: '+7d', primary: true }],
  verdicts: [
    row(),
    row({ kpi: 'shares', unit: 'count', value: null, verdict: 'not_available', primary: false }),
    row({ scope: 'channel:cha_1', reason: HOSTILE }),
  ],
  roles: [
    { role: 'strategist', verdict: 'missed', kpi: 'click_through_rate', counts: { missed: 1 } },
  ],
  combined: { verdict: 'missed', kpi: 'click_through_rate', reason: HOSTILE },
  primary: { kpi: 'click_through_rate', checkpoint: '+7d' },
  readings: [],
  stated: [],
  measured: [],
  checkpoints: [],
  unavailable: [{ publicationId: 'pub_5', checkpoint: '+7d', source: 'sandbox', reason: HOSTILE }],
  signOffs: [
    {
      role: 'strategist',
      memberId: 'mbr_1',
      decision: 'scale',
      at: '2026-02-02T00:00:00.000Z',
      comment: HOSTILE,
    },
  ],
  missing: ['creator', 'social_media_manager'],
  completeness: {
    have: 4,
    of: 5,
    missing: [{ publicationId: 'pub_5', checkpoint: '+7d', state: 'missing' }],
  },
  extremes: null,
  growth: {
    measure: 'impressions',
    points: [
      { checkpoint: '+1h', value: 10, have: 2, of: 2 },
      { checkpoint: '+7d', value: 900, have: 2, of: 2 },
    ],
  },
  funnel: [
    { measure: 'impressions', value: 900 },
    { measure: 'link_clicks', value: 19 },
    { measure: 'sessions', value: null },
  ],
  effort: { rounds: 2, approvers: 3, stages: [{ stage: 'briefing', hours: 12.5 }] },
  learnings: [
    {
      id: 'lrn_1',
      claim: HOSTILE,
      evidence: '=1+1',
      itemId: 'itm_1',
      itemTitle: HOSTILE,
      reviewId: 'rev_1_1',
      authorId: 'mbr_1',
      formats: [],
      createdAt: '2026-02-02T00:00:00.000Z',
    },
  ],
  decision: {
    decision: 'scale',
    owner: { memberId: 'mbr_1', name: HOSTILE },
    at: '2026-02-02T00:00:00.000Z',
    comment: HOSTILE,
    isAgainst: true,
  },
};

describe('a review as HTML', () => {
  const page = documentHtml(reviewDocument(REVIEW));

  it('holds every part of the document, with a table under each chart', () => {
    for (const part of [
      'Frozen targets',
      '4 of 5 sources',
      'View of the creator',
      'Per channel',
      'Best and worst',
      'Effort',
      'Stated and measured',
      'Learnings',
      'It is against the recommendation.',
      '✗ missed',
    ]) {
      expect(page).toContain(part);
    }
    for (const section of page.split('<section>').slice(1)) {
      if (section.includes('<svg')) expect(section).toContain('<table>');
    }
    expect(page.match(/<svg/g)).toHaveLength(3);
  });

  it('escapes what people wrote, and runs and loads nothing', () => {
    expect(page).not.toMatch(/<script|<img|<[^>]*\s(?:on\w+|href|src|style)=/i);
    expect(page).toContain('&lt;script&gt;');
    const policy = DOCUMENT_HEADERS['Content-Security-Policy'];
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(policy).not.toMatch(/script-src|unsafe/);
  });

  it('names its charts for those who do not see them, and no two by one id', () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, names = ''] of page.matchAll(/aria-labelledby="([^"]+)"/g)) {
      for (const id of names.split(' ')) expect(ids).toContain(id);
    }
  });
});

describe('a chart', () => {
  const svgOf = (change: Partial<VerdictRow>) =>
    String(chartSvg({ kind: 'bullet', row: row(change) }, 'c'));

  it('of a KPI draws value, target and interval where they are', () => {
    const svg = svgOf({ value: 0.5, target: 1, low: 0.25, high: 0.75 });
    // 1 × 1.08 is the whole width of 624.
    expect(svg).toContain('M585.8 22V54');
    expect(svg).toMatch(/width="288\.9\d*" height="16"/);
    expect(svg).toContain('M152.4 38H441.3');
  });

  it.each([
    { value: 0, target: 0, low: 0, high: 0 },
    { value: 1e290, target: 1, low: 0, high: 0 },
    { value: -5, target: -1, low: -9, high: -1 },
    { value: null, target: null },
  ])('holds numbers only with %j', (change) => {
    expect(svgOf(change)).not.toMatch(/NaN|Infinity|undefined|width="-/);
  });

  const own = (low: number, high: number) => ({ pieces: 12, median: low, low, high });
  const tooFew = { pieces: 3, median: null, low: null, high: null };
  /** The growth of the review with own pieces at its ages. */
  const grown = (...beside: (ReturnType<typeof own> | typeof tooFew)[]): Growth => ({
    measure: 'impressions',
    points: beside.map((ownPieces, index) => ({
      checkpoint: `+${index + 1}d`,
      value: 10 * (index + 1),
      have: 1,
      of: 1,
      ownPieces,
    })),
  });
  const growthSvg = (growth: Growth) => String(chartSvg({ kind: 'growth', growth }, 'c'));

  it('of growth shows the band of own pieces beside the curve, with a gap where they are too few', () => {
    const svg = growthSvg(grown(own(5, 20), own(10, 40), tooFew, own(20, 30)));
    // Of 40 on the scale, and the last one alone: up, and down again.
    const polygons = [...svg.matchAll(/<polygon points="([^"]+)"/g)].map(([, dots]) => dots);
    expect(polygons).toEqual(['60,103 324,16 324,147 60,168', '592,60 592,103']);
    expect(svg).toContain('Own pieces: +1d 5 to 20, +2d 10 to 40, +4d 20 to 30.');
    expect(growthSvg(grown(tooFew, tooFew))).not.toContain('<polygon');
  });

  it('of a funnel says that a step is not available, and draws no 0', () => {
    const svg = String(chartSvg({ kind: 'funnel', steps: REVIEW.funnel }, 'c'));
    expect(svg).toContain('sessions: not available');
    expect(svg).not.toContain('sessions: 0');
  });
});

describe('the growth of a review', () => {
  const sectionOf = (growth: Growth | null) =>
    reviewDocument({ ...REVIEW, growth }).sections.find(({ heading }) => heading === 'Growth');
  const [first, second] = REVIEW.growth?.points ?? [];
  if (first === undefined || second === undefined) throw new Error('the review has two ages');
  const tooFew = { pieces: 7, median: null, low: null, high: null };
  const enough = { pieces: 8, median: 700, low: 500, high: 1_000 };
  const of = (...points: Growth['points']): Growth => ({ measure: 'impressions', points });

  it('says what the band is and where there is none, in text and table', () => {
    const mixed = sectionOf(of({ ...first, ownPieces: tooFew }, { ...second, ownPieces: enough }));
    expect(mixed?.text).toEqual([
      'The band is the 95 % interval of the median of own pieces at the same age. None at +1h: fewer than 8 own pieces have this measure.',
    ]);
    expect(mixed?.table).toEqual({
      head: ['At', 'impressions', 'Posts', 'Own pieces'],
      rows: [
        ['+1h', '10', '2 of 2', 'none: 7 of 8'],
        ['+7d', '900', '2 of 2', 'median 700 (500 to 1,000) of 8'],
      ],
    });
    const none = sectionOf(of({ ...first, ownPieces: tooFew }));
    expect(none?.text).toEqual([
      'No band of own pieces: fewer than 8 own pieces have this measure.',
    ]);
  });

  it('is what it was where it was frozen before it was compared', () => {
    expect(sectionOf(REVIEW.growth)).toMatchObject({
      text: [],
      table: { head: ['At', 'impressions', 'Posts'] },
    });
  });
});

it('as Markdown keeps what people wrote as text', () => {
  const text = documentMarkdown(reviewDocument(REVIEW));
  expect(text).toMatch(/^# KPI review: /);
  expect(text).toContain('| ✗ missed |');
  expect(text).not.toMatch(/(?<!\\)<|(?<!\\)\[x|(?<!\\)`a/);
  const columns = (line: string) => line.match(/(?<!\\)\|/g)?.length;
  for (const table of text.split('\n\n').filter((part) => part.startsWith('|'))) {
    expect(new Set(table.split('\n').filter(Boolean).map(columns)).size).toBe(1);
  }
});

describe('a review as CSV', () => {
  it('has a row for each verdict, and an empty cell for what is missing', () => {
    const rows: Record<string, string>[] = parse(verdictsCsv(REVIEW), { columns: true });
    expect(rows).toHaveLength(3);
    expect(rows[1]).toMatchObject({ kpi: 'shares', value: '', verdict: 'not_available' });
    expect(rows[2]?.['reason']).toBe(HOSTILE);
  });

  it.each(['=1+1', '+7d', '-2', '@x', '\t=1', '\r=1', ' =1', '＝1'])(
    'makes no formula of %j',
    (text) => {
      const [[cell] = []]: string[][] = parse(csvText([[text]]));
      expect(cell).toBe(`'${text}`);
    },
  );
});

it.each([
  [undefined, 'json'],
  ['*/*', 'json'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'html'],
  ['text/csv;q=0.5, text/markdown', 'markdown'],
  ['text/html;q=0', 'json'],
  ['nonsense', 'json'],
])('Accept %s is answered with %s', (accept, format) => {
  expect(acceptedFormat(accept)).toBe(format);
});
