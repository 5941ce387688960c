import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsvMapping } from '../../domain/csv/mapping.ts';
import { blocksOf, LONGEST_ROW } from './blocks.ts';
import type { ImportPlan } from './plan.ts';
import { type PieceRow, readBlock } from './read-block.ts';
import { rowsOf, textOf } from './rows.ts';

const MAPPING = CsvMapping.parse({
  match: [{ by: 'publication_id', headers: ['Post'] }],
  asOf: { headers: ['Day'], format: 'dmy' },
  measures: [
    { measure: 'impressions', headers: ['Impressions', 'Impressionen'] },
    { measure: 'reactions', headers: ['Likes'] },
    { measure: 'bounces', headers: ['Bounce rate'], of: ['Sessions'], unit: 'percent' },
    {
      measure: 'position_x_impressions',
      headers: ['Position'],
      of: ['Impressions'],
      unit: 'average',
    },
  ],
  totals: ['Total'],
});

async function* inChunks(text: string | Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text as string);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function read(file: string | Uint8Array, mapping: Partial<CsvMapping> = {}) {
  const bytes = new Uint8Array(Buffer.from(file as string));
  const end = bytes.includes(0x0a) ? '\n' : '\r';
  const given = { ...MAPPING, ...mapping };
  return readBlock({ bytes, line: 1, end, mapping: given, zone: 'Europe/Paris' });
}

function rows(file: string, mapping: Partial<CsvMapping> = {}): PieceRow[] {
  const block = read(file, mapping);
  if ('message' in block) throw new Error(`line ${block.line}: ${block.message}`);
  expect(block.mistakes).toEqual([]);
  return block.rows;
}

function mistakes(file: string, mapping: Partial<CsvMapping> = {}): string[] {
  const block = read(file, mapping);
  if ('message' in block) return [`line ${block.line} ${block.message}`];
  expect(block.rows).toEqual([]);
  return block.mistakes.map(
    ({ line, column, message }) => `line ${line}${column ? `.${column}` : ''} ${message}`,
  );
}

const valuesOf = (file: string, mapping: Partial<CsvMapping> = {}) =>
  rows(file, mapping).map(({ values }) => Object.fromEntries(values));

describe('rows of an export', () => {
  it('are those that csv-parse reads, with line ends in quotes, however the stream is cut', async () => {
    const field = fc
      .string({ unit: 'grapheme', maxLength: 8 })
      .map((text) => `x${text.replaceAll(/[\p{Cc}\u2028\u2029\uFEFF]/gu, '\n')}`)
      .chain((text) =>
        fc.constantFrom('\n', '\r', '\r\n').map((end) => text.replaceAll('\n', end)),
      );
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(field, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        async (table, size, blockBytes, end, marked) => {
          const rows = table.map((row) => `${row.map(quoted).join(',')}${end}`);
          const file = rows.join('');
          const found: string[][] = [];
          const lines: number[] = [];
          const chunks = inChunks(marked ? `\uFEFF${file}` : file, size);
          for await (const block of blocksOf(chunks, { blockBytes })) {
            for (const row of rowsOf(textOf(block), { ...block, separator: ',' })) {
              found.push('fields' in row ? row.fields : [row.message]);
              lines.push(row.line);
            }
          }
          expect(found).toEqual(parse(file, { record_delimiter: end }));
          const mark = end.slice(-1);
          let line = 1;
          for (const [index, row] of rows.entries()) {
            expect(lines[index]).toBe(line);
            line += row.split(mark).length - 1;
          }
        },
      ),
    );
  });

  it('are cut into blocks without one of them being torn', async () => {
    const file = `Post,Text,Likes\n${Array.from({ length: 9_000 }, (_, n) => `p${n},"two\nlines, and ""more""${'.'.repeat(60)}",${n}\n`).join('')}`;
    const all: string[] = [];
    let blocks = 0;
    for await (const block of blocksOf(inChunks(file, 10_007))) {
      blocks += 1;
      expect(block.bytes.length).toBeLessThan(512 * 1024);
      for (const row of rowsOf(textOf(block), { ...block, separator: ',' })) {
        if ('fields' in row) all.push(`${row.line} ${row.fields[0]}`);
      }
    }
    expect(blocks).toBeGreaterThan(2);
    expect(all).toEqual([
      '1 Post',
      ...Array.from({ length: 9_000 }, (_, n) => `${2 + 2 * n} p${n}`),
    ]);
  });

  it('end somewhere: a quote that nobody closes does not swallow the file', async () => {
    const file = `Post,Likes\n"p,1\n${'p,1\n'.repeat(LONGEST_ROW / 2)}`;
    const reading = async () => {
      for await (const _ of blocksOf(inChunks(file)));
    };
    await expect(reading()).rejects.toMatchObject({
      line: 2,
      message: expect.stringMatching(/quote is not closed/),
    });
  });

  it.each([
    ['commas', 'Post,Likes\np,1\n'],
    ['semicolons', 'Post;Likes\np;1\n'],
    ['tabs', 'Post\tLikes\np\t1\n'],
    ['a byte order mark', '\uFEFFPost,Likes\np,1\n'],
    ['CRLF', 'Post,Likes\r\np,1\r\n'],
    ['CR', 'Post,Likes\rp,1\r'],
    ['blank rows', '\n\nPost,Likes\n,\n\n"",""\np,1\n,,\n'],
    ['a title and remarks above', '# My export, of May\n"Period";"May"\n\nPost,Likes\np,1\n'],
    ['text in another order and case', 'LIKES , Other,POST\n1,x,p\n'],
  ])('may have %s', (_, file) => {
    expect(rows(file, NO_DAY)).toMatchObject([{ ref: 'p', values: [['reactions', 1]] }]);
  });

  it.each([
    ['a page in HTML', '<!DOCTYPE html>\n<html>…', /line 1 is a page in HTML/],
    ['UTF-16', Buffer.from('\uFEFFPost,Likes\np,1\n', 'utf16le'), /UTF-16/],
    ['a zero byte', 'Post,Likes\np,\0\n', /no text/],
    [
      'no header',
      'a,b\nc,d\n',
      /none of the first 25 rows names a column of the piece \(Post, …\)/,
    ],
    [
      'a column that repeats',
      'Post,Likes,likes\np,1,2\n',
      /line 1 columns 2 and 3 .* are the same/,
    ],
    ['two names of one column', 'Post,Impressions,Impressionen\np,1,2\n', /columns 2 and 3/],
  ])('are refused as a whole with %s', (_, file, message) => {
    const block = read(file as string, NO_DAY);
    if (!('message' in block)) throw new Error('it was read');
    expect(`line ${block.line} ${block.message}`).toMatch(message);
  });

  it('are refused in another charset, naming the line', () => {
    const file = Buffer.concat([
      Buffer.from('Post,Likes\np,1\n'),
      Buffer.from([0xe9]),
      Buffer.from(',1\n'),
    ]);
    expect(read(file, NO_DAY)).toMatchObject({ line: 3, message: 'is not UTF-8' });
  });

  it.each([
    ['p,1,2\n', /line 2 has 3 fields where the columns are 2/],
    ['p\n', /line 2 has 1 fields/],
    ['"p,1\n', /line 2 has a quote that is not closed/],
    ['p"x,1\n', /line 2 has a quote inside/],
    ['"p"x,1\n', /line 2 has text after a closing quote/],
    [',1\n', /line 2.Post is empty: the row names no piece/],
    ['=HYPERLINK(1),1\n', /line 2.Post .* is a formula/],
    ['"a\nb",1\n', /line 2.Post .* holds a control character/],
    ['p,=1+1\n', /line 2.Likes "=1\+1" is a formula/],
    ['p,-5\n', /line 2.Likes reactions is not below 0/],
    ['p,1.5\n', /line 2.Likes reactions counts reactions and is a whole number/],
    ['p,<b>5</b>\n', /line 2.Likes .* is not a number/],
    ['p,3%\n', /line 2.Likes .* is a percentage/],
    ['p,"1,000"\n', /line 2.Likes "1,000" may be 1 or 1000: state the decimal mark/],
  ])('that are %j are refused by row and column', (row, message) => {
    expect(mistakes(`Post,Likes\n${row}`, NO_DAY)).toEqual([expect.stringMatching(message)]);
  });

  it('that sum up others are left out, and say so', () => {
    expect(read('Post,Likes\nTOTAL,9\np,1\n', NO_DAY)).toMatchObject({
      totals: [2],
      rows: [{ line: 3 }],
    });
  });

  it('have no reading where nothing is known: missing is not 0', () => {
    expect(read('Post,Likes,Impressions\np,-,7\nq,n/a,\n', NO_DAY)).toMatchObject({
      rows: [{ ref: 'p', values: [['impressions', 7]] }],
      empty: [3],
    });
  });

  it('have the sum of the columns of one measure, and none where one of them is empty', () => {
    const measures = ['Reposts', 'Quotes'].map((name) => ({
      measure: 'shares' as const,
      headers: [name],
    }));
    const file = 'Post,Reposts,Quotes\np,1,2\nq,,2\nr,1,-\n';
    expect(read(file, { ...NO_DAY, measures })).toMatchObject({
      rows: [{ ref: 'p', values: [['shares', 3]] }],
      empty: [3, 4],
    });
  });

  it('show 100 characters of the name of a column, however long a file makes it', () => {
    const file = `Post${' '.repeat(500)}id,Likes,${'𐀀'.repeat(99)}\n=1,1,x\n`;
    const match = [{ by: 'publication_id' as const, headers: ['Post id'] }];
    const block = read(file, { ...NO_DAY, match });
    if ('message' in block) throw new Error(block.message);
    const names = [...block.mistakes.map(({ column = '' }) => column), ...block.plan.skipped];
    expect(names.map(({ length }) => length)).toEqual([100, 100]);
  });

  it('are as many as the file has, with many mistakes each, of which a few are named', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const measures = names.map((name) => ({ measure: 'shares' as const, headers: [name] }));
    const row = `p,${names.map(() => 'x').join()}\n`;
    const block = read(`Post,${names.join()}\n${row}\n${row}`, { ...NO_DAY, measures });
    if ('message' in block) throw new Error(block.message);
    expect([block.size, block.mistakes.map(({ line }) => line)]).toEqual([
      2,
      [2, 2, 2, 2, 2, 4, 4, 4, 4, 4],
    ]);
  });

  it('of a file that cuts a piece into parts are refused', () => {
    expect(mistakes('Post,Date,Likes\np,1,1\n', { ...NO_DAY, parts: ['Date'] })).toEqual([
      expect.stringMatching(/line 1 "Date" cuts the numbers of a piece into parts/),
    ]);
  });
});

const NO_DAY: Partial<CsvMapping> = { asOf: undefined };

describe('numbers of an export', () => {
  it.each([
    ['unambiguous', '"1,234,567"', 1_234_567],
    ['unambiguous', '1 234', 1_234],
    ['unambiguous', "1'234", 1_234],
    ['point', '"1,234"', 1_234],
    ['point', '"1,234.0"', 1_234],
    ['comma', '1.234', 1_234],
    ['comma', '"1.234,0"', 1_234],
    ['comma', '1 234', 1_234],
  ] as const)('with the mark %s: %s is %d', (numbers, text, value) => {
    expect(valuesOf(`Post,Likes\np,${text}\n`, { ...NO_DAY, numbers })).toEqual([
      { reactions: value },
    ]);
  });

  it.each([
    ['point', '"1.234,5"'],
    ['comma', '"1,234.5"'],
    ['point', '1.234.567'],
    ['point', '1e3'],
    ['comma', '1234567890123456'],
  ] as const)('with the mark %s: %s is refused', (numbers, text) => {
    expect(mistakes(`Post,Likes\np,${text}\n`, { ...NO_DAY, numbers })).toHaveLength(1);
  });
});

describe('rates of an export', () => {
  const file = (rate: string, sessions = '200') =>
    `Post,Bounce rate,Sessions\np,"${rate}",${sessions}\n`;
  const fraction = {
    ...NO_DAY,
    measures: [
      { measure: 'bounces', headers: ['Bounce rate'], of: ['Sessions'], unit: 'fraction' },
    ],
  } satisfies Partial<CsvMapping>;

  it('become the count that they are of', () => {
    expect(valuesOf(file('45%', '80'), NO_DAY)).toEqual([{ bounces: 36 }]);
    expect(valuesOf(file('45,5 %'), NO_DAY)).toEqual([{ bounces: 91 }]);
    expect(valuesOf(file('45.5'), NO_DAY)).toEqual([{ bounces: 91 }]);
    expect(valuesOf(file('0.455'), fraction)).toEqual([{ bounces: 91 }]);
    expect(valuesOf(file('0'), fraction)).toEqual([{ bounces: 0 }]);
  });

  it.each([
    ['45%', fraction, /is a percentage where the mapping says fraction/],
    ['45', fraction, /is not between 0 and 1: the mapping says fraction/],
    ['145', NO_DAY, /is not between 0 and 100/],
    ['45.37', NO_DAY, /of 200 is no whole number/],
    ['-3%', NO_DAY, /is not between/],
  ])('%s is refused where it says otherwise', (rate, mapping, message) => {
    expect(mistakes(file(rate), mapping)).toEqual([expect.stringMatching(message)]);
  });

  it('are refused when too coarse to say which count they are of', () => {
    expect(mistakes(file('45%', '20000'), NO_DAY)).toEqual([
      expect.stringMatching(/may be 8900 to 9100: a rate with more digits/),
    ]);
  });

  it('as averages are multiplied by what they are averages of', () => {
    expect(valuesOf('Post,Position,Impressions\np,"3,5",10\n', NO_DAY)).toEqual([
      { position_x_impressions: 35, impressions: 10 },
    ]);
  });

  it('are absent where their base is', () => {
    expect(read(file('45%', '-'), NO_DAY)).toMatchObject({ rows: [], empty: [2] });
  });
});

describe('times of an export', () => {
  const asOf = (text: string) => `Post,Day,Likes\np,"${text}",1\n`;
  const dated = (format: 'iso' | 'ymd' | 'dmy' | 'mdy'): Partial<CsvMapping> => ({
    asOf: { headers: ['Day'], format },
  });

  it.each([
    ['dmy', '02/03/2026', '2026-03-02T23:00:00.000Z'],
    ['mdy', '03/02/2026', '2026-03-02T23:00:00.000Z'],
    ['ymd', '20260302', '2026-03-02T23:00:00.000Z'],
    ['iso', '2026-03-02', '2026-03-02T23:00:00.000Z'],
    ['iso', '2026-03-02 08:30', '2026-03-02T07:30:00.000Z'],
    ['iso', '2026-07-02T08:30:00', '2026-07-02T06:30:00.000Z'],
    ['dmy', '2026-03-02T08:00:00Z', '2026-03-02T08:00:00.000Z'],
  ] as const)('as %s: %s is %s in the zone of the file', (format, text, instant) => {
    expect(rows(asOf(text), dated(format))).toMatchObject([{ asOf: instant }]);
  });

  it.each([
    ['dmy', '2026-03-02'],
    ['dmy', '31/02/2026'],
    ['mdy', '31/01/2026'],
    ['iso', '02/03/2026'],
    ['iso', '2026-03-29 02:30'],
    ['iso', '2026-10-25 02:30'],
    ['dmy', ''],
    ['dmy', '46083'],
    ['iso', '0026-03-02'],
  ] as const)('as %s: %j is refused by row and column', (format, text) => {
    expect(mistakes(asOf(text), dated(format))).toEqual([expect.stringMatching(/^line 2.Day /)]);
  });
});

describe('a later block', () => {
  it('is read with the plan of the first one', () => {
    const first = read('Post;Likes\np;1\n', NO_DAY) as { plan: ImportPlan };
    const bytes = new Uint8Array(Buffer.from('q;2\n'));
    expect(readBlock({ bytes, line: 3, end: '\n', plan: first.plan })).toMatchObject({
      rows: [{ line: 3, ref: 'q', values: [['reactions', 2]] }],
      lastLine: 3,
    });
  });
});
