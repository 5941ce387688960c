import { describe, expect, it } from 'vitest';
import { ApiError, type ProblemIssue } from '../gates/errors.ts';
import { MAX_IMPORTED, readReadingsCsv } from './import.ts';

async function* inChunks(text: string, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function errorOf(text: string): Promise<ApiError | null> {
  try {
    await readReadingsCsv(inChunks(text, 65_536));
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  return null;
}

async function issuesOf(text: string): Promise<ProblemIssue[]> {
  return (await errorOf(text))?.parts.issues ?? [];
}

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
      'line 3.asOf',
      'line 3.measure',
      'line 4',
    ]);
  });

  it('names the lines that are not CSV among the others', async () => {
    const issues = await issuesOf(`${header}\nclicks,1\nimpressions,"1"2,,,x\nclicks\n`);
    expect(issues.map(({ path }) => path)).toEqual(['line 2', 'line 4', 'line 3']);
  });

  const asOf = '2026-03-02T08:00:00Z';

  it('reads a spreadsheet of semicolons with decimal commas and blank rows', async () => {
    const file = `measure;asOf;value\r\nimpressions;${asOf};"1 200"\r\n;;\r\n;;;;\r\nposition_x_impressions;${asOf};1.234,5\r\n`;
    const { readings, lines } = await readReadingsCsv(inChunks(file));
    expect(readings.map(({ value }) => value)).toEqual([1_200, 1_234.5]);
    expect(lines).toEqual([2, 5]);
  });

  it('refuses an ambiguous number with line, column and both readings', async () => {
    for (const value of ['1.000', '"1,000"']) {
      const file = `measure,value,asOf\nreactions,5,${asOf}\nreactions,${value},${asOf}\n`;
      const [issue, ...others] = await issuesOf(file);
      expect(others).toEqual([]);
      expect(issue).toMatchObject({ path: 'line 3.value', choices: ['1', '1000'] });
      expect(issue?.message).toContain('may be 1 or 1000');
    }
  });

  it('refuses an ambiguous date with line, column and both readings', async () => {
    const [issue] = await issuesOf('measure,value,asOf\nreactions,5,01/02/2026\n');
    expect(issue?.path).toBe('line 2.asOf');
    expect(issue?.message).toMatch(/"01\/02\/2026" may be 2026-02-01 or 2026-01-02/);
  });

  it.each([
    '2026-03-02',
    '31/12/2026',
    '2 mars 2026',
    '46082',
    '08:00',
    '2026-03-02 08:00:00',
    '2026-03-02T08:00',
  ])('refuses %j as an instant', async (text) => {
    const [issue] = await issuesOf(`measure,value,asOf\nreactions,5,${text}\n`);
    expect(issue).toMatchObject({ path: 'line 2.asOf' });
    expect(issue?.message).toContain('is not an instant');
  });

  it.each([
    ['an unquoted comma', `measure,value,asOf\nreactions,1,000,${asOf}\n`],
    ['an unquoted comma in the last column', `measure,asOf,value\nreactions,${asOf},1,000\n`],
    [
      'an unquoted comma before an optional column',
      `measure,asOf,value,checkpoint\nreactions,${asOf},1,000\n`,
    ],
    ['a CR in a number', `measure,value,asOf\nreactions,12\r34,${asOf}\n`],
    ['a CR in a last number', `measure,asOf,value\nreactions,${asOf},12\r34\n`],
    ['a CR in a number where lines end with CR', `measure,asOf,value\rreactions,${asOf},12\r34\r`],
    ['a number in quotes over two lines', `measure,value,asOf\nreactions,"12\n34",${asOf}\n`],
  ])('stores nothing of a number cut by %s', async (_, file) => {
    expect(await issuesOf(file)).not.toEqual([]);
  });

  it('groups mistakes by kind, with the first of each and their count', async () => {
    const rows = Array.from({ length: 1_000 }, () => `reactions,1.000,${asOf}`);
    rows.splice(500, 1, `reactions,5,01/02/2026`);
    const error = await errorOf(`measure,value,asOf\n${rows.join('\n')}\n`);
    const issues = error?.parts.issues ?? [];
    expect(issues.map(({ path, count }) => [path, count])).toEqual([
      ['line 2.value', 999],
      ['line 3.value', undefined],
      ['line 4.value', undefined],
      ['line 5.value', undefined],
      ['line 6.value', undefined],
      ['line 502.asOf', undefined],
    ]);
    expect(error?.parts.detail).toMatch(/^line 2\.value: .*\(999 times\); line 502\.asOf: /);
  });

  it('names an empty value, which is not 0', async () => {
    const issues = await issuesOf(`measure,value,asOf\nreactions,,${asOf}\n`);
    expect(issues).toMatchObject([
      { path: 'line 2.value', message: expect.stringMatching(/empty/) },
    ]);
  });

  it('refuses a header of thousands of columns and a file of too many rows', async () => {
    expect(await issuesOf(`${'a,'.repeat(4_999)}a\n`)).toMatchObject([{ path: 'line 1' }]);
    const unknown = await issuesOf(`${'a,'.repeat(99)}a\n`);
    expect(unknown).toHaveLength(5 + 3);
    expect(unknown[0]).toMatchObject({ path: 'line 1', count: 100 });
    const row = `reactions,5,${asOf}\n`;
    const most = `measure,value,asOf\n${row.repeat(MAX_IMPORTED)}`;
    expect(await issuesOf(most)).toEqual([]);
    expect(await issuesOf(most + row)).toMatchObject([{ path: `line ${MAX_IMPORTED + 2}` }]);
  });

  it('refuses unknown, missing and repeated columns', async () => {
    const messages = (await issuesOf('measure,value,value,secret\n')).map(({ message }) => message);
    expect(messages).toEqual([
      '"value" is there twice',
      '"secret" is not a known column',
      'the column asOf is missing',
    ]);
  });

  it('refuses a file without readings', async () => {
    expect(await issuesOf('')).toHaveLength(1);
    expect(await issuesOf(`${header}\n`)).toHaveLength(1);
  });
});
