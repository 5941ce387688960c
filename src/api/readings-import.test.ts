import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsv } from './csv.ts';
import { ApiError } from './gates/errors.ts';
import { readReadingsCsv } from './readings-import.ts';

async function* inChunks(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function rowsOf(text: string, size?: number): Promise<string[][]> {
  const rows: string[][] = [];
  for await (const { fields } of readCsv(inChunks(text, size))) rows.push(fields);
  return rows;
}

async function issuesOf(text: string): Promise<{ path: string; message: string }[]> {
  try {
    await readReadingsCsv(inChunks(text));
  } catch (error) {
    if (error instanceof ApiError) return error.parts.issues ?? [];
    throw error;
  }
  return [];
}

const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;

describe('readCsv', () => {
  it('reads back any fields, however the stream is cut', async () => {
    const field = fc.string({ unit: 'grapheme', maxLength: 20 });
    const table = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (rows, size) => {
        const text = rows.map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
        expect(await rowsOf(text, size)).toEqual(rows);
      }),
    );
  });

  it('takes plain fields, both line ends, and a last line without one', async () => {
    expect(await rowsOf('a,b\r\n1,"2,3"\n\nx,')).toEqual([
      ['a', 'b'],
      ['1', '2,3'],
      ['x', ''],
    ]);
  });

  it.each([
    { what: 'an open quote', text: '"open', message: /never closed/ },
    { what: 'text after a closing quote', text: '"a"b', message: /after a closing quote/ },
    { what: 'a quote inside a plain field', text: 'a"b', message: /does not start with one/ },
    { what: 'an endless row', text: 'x'.repeat(10_001), message: /bytes at most/ },
  ])('refuses $what', async ({ text, message }) => {
    await expect(rowsOf(text)).rejects.toThrow(message);
  });

  it('counts the lines inside quotes and the empty ones, and reads what is before a mistake', async () => {
    const lines: number[] = [];
    const reading = (async () => {
      const text = 'a\r\n"1\r\n2"\r\n\r\nb\n"c"d\n';
      for await (const { line } of readCsv(inChunks(text, 1_000))) lines.push(line);
    })();
    await expect(reading).rejects.toMatchObject({ line: 6 });
    expect(lines).toEqual([1, 2, 5]);
  });

  it('names the line of bytes that are not UTF-8', async () => {
    const bytes = [Buffer.from('a\nb\n'), Buffer.from([0x63, 0xff, 0x0a])];
    const reading = (async () => {
      for await (const _ of readCsv(Readable.from(bytes)));
    })();
    await expect(reading).rejects.toMatchObject({ line: 3, message: 'is not UTF-8' });
  });
});

describe('readReadingsCsv', () => {
  const header = 'measure,value,publicationId,checkpoint,asOf';

  it('reads readings with the source csv', async () => {
    const { readings } = await readReadingsCsv(
      inChunks(
        `${header}\nimpressions,1200,pub_1,+24h,2026-03-02T08:00:00Z\nlink_clicks,30,,,2026-03-02T08:00:00Z\n`,
      ),
    );
    expect(readings).toEqual([
      {
        measure: 'impressions',
        value: 1200,
        publicationId: 'pub_1',
        checkpoint: '+24h',
        asOf: '2026-03-02T08:00:00Z',
        source: 'csv',
        provisional: false,
      },
      {
        measure: 'link_clicks',
        value: 30,
        asOf: '2026-03-02T08:00:00Z',
        source: 'csv',
        provisional: false,
      },
    ]);
  });

  it('has the same hash for the same file, cut anywhere', async () => {
    const text = `${header}\nimpressions,1,,,2026-03-02T08:00:00Z\n`;
    const hashes = await Promise.all(
      [1, 3, 1000].map(async (size) => (await readReadingsCsv(inChunks(text, size))).hash),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  it('names line and column of each mistake', async () => {
    const issues = await issuesOf(
      `${header}\nimpressions,many,,,2026-03-02T08:00:00Z\nnonsense,1,,,yesterday\nclicks,1\n`,
    );
    expect(issues.map(({ path }) => path)).toEqual([
      'line 2.value',
      'line 3.measure',
      'line 3.asOf',
      'line 4',
    ]);
  });

  it('names every mistake before the line that is not CSV', async () => {
    const issues = await issuesOf(`${header}\nclicks,1\nimpressions,"1"2,,,x\n`);
    expect(issues.map(({ path }) => path)).toEqual(['line 2', 'line 3']);
  });

  it('refuses unknown, missing and repeated columns', async () => {
    const messages = (await issuesOf('measure,value,value,secret\n')).map(({ message }) => message);
    expect(messages).toEqual([
      '"secret" is not a known column',
      '"value" is there twice',
      'the column asOf is missing',
    ]);
  });

  it('refuses a file without readings', async () => {
    expect(await issuesOf('')).toHaveLength(1);
    expect(await issuesOf(`${header}\n`)).toHaveLength(1);
  });
});
