import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONGEST_LINE, MOST_FIELDS, MOST_LINES, readCsv } from './csv.ts';

async function* inChunks(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(file: string | Uint8Array, size?: number) {
  const rows: { line: number; fields: string[] }[] = [];
  const mistakes: { line: number; kind: string }[] = [];
  for await (const row of readCsv(inChunks(Buffer.from(file as string), size))) {
    if ('fields' in row) rows.push(row);
    else mistakes.push({ line: row.line, kind: row.kind });
  }
  return { rows, mistakes };
}

const fieldsOf = async (file: string, size?: number) =>
  (await readAll(file, size)).rows.map(({ fields }) => fields);

const quoted = (field: string) => `"${field.replaceAll('"', '""')}"`;

describe('readCsv', () => {
  it('reads what csv-parse reads, however the stream is cut', async () => {
    // Without what has a rule of its own: control characters, and lines of nothing but separators.
    const field = fc
      .string({ unit: 'grapheme', maxLength: 12 })
      .map((text) => `x${text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '')}`);
    const table = fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
    const shape = fc.record({
      delimiter: fc.constantFrom(',', ';', '\t'),
      end: fc.constantFrom('\n', '\r\n', '\r'),
      size: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(table, shape, async (table, { delimiter, end, size }) => {
        const names = ['measure', 'value', 'asOf'].join(delimiter);
        const rows = table.map((row) => row.map(quoted).join(delimiter));
        const text = [names, ...rows].join(end) + end;
        const expected = parse(text, { delimiter, relax_column_count: true });
        expect(await fieldsOf(text, size)).toEqual(expected);
      }),
    );
  });

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('takes lines that end with %s, and a last one without an end', async (_, end) => {
    for (const size of [1, 2, 3, 1_000]) {
      const text = ['a,b', '1,"2,3"', '', 'x,'].join(end);
      expect((await readAll(text, size)).rows).toEqual([
        { line: 1, fields: ['a', 'b'] },
        { line: 2, fields: ['1', '2,3'] },
        { line: 4, fields: ['x', ''] },
      ]);
      expect(await fieldsOf(text + end, size)).toHaveLength(3);
    }
  });

  it.each([
    ['a CR in a line', 'a,b\n12\r34,5\nc,d\n'],
    ['a CR at the end of a field', 'a,b\n12\r,5\nc,d\n'],
    ['a CR in quotes', 'a,b\n"12\r34",5\nc,d\n'],
    ['an LF where lines end with CR', 'a,b\r12\n34,5\rc,d\r'],
    ['NUL', 'a,b\n12\x0034,5\nc,d\n'],
    ['a vertical tab', 'a,b\n12\v34,5\nc,d\n'],
    ['NEL', 'a,b\n12\u008534,5\nc,d\n'],
    ['a line separator', 'a,b\n12\u202834,5\nc,d\n'],
    ['a tab where commas separate', 'a,b\n12\t34,5\nc,d\n'],
  ])('joins nothing across %s', async (_, file) => {
    const { rows, mistakes } = await readAll(file);
    expect(mistakes).toEqual([{ line: 2, kind: 'control' }]);
    expect(rows.map(({ line }) => line)).toEqual([1, 3]);
  });

  it('leaves blank lines out, with separators or without, and counts them', async () => {
    const blank = ['', ',', ',,,,,,,', '  ', ' , \u00A0,', '"",""', '\u202F'];
    const lines = ['\uFEFF,,', 'a,b', ...blank, 'c,d'];
    const { rows, mistakes } = await readAll(lines.join('\n'));
    expect(mistakes).toEqual([]);
    expect(rows).toEqual([
      { line: 2, fields: ['a', 'b'] },
      { line: 3 + blank.length, fields: ['c', 'd'] },
    ]);
  });

  it('takes the separator from the first row, after a byte order mark too', async () => {
    expect(await fieldsOf('\uFEFFa;b\n1,5;2\n')).toEqual([
      ['a', 'b'],
      ['1,5', '2'],
    ]);
    expect(await fieldsOf('a\tb\n1;2\t3\n')).toEqual([
      ['a', 'b'],
      ['1;2', '3'],
    ]);
    await expect(readAll('a;b,c\n')).rejects.toThrow('more than one way');
  });

  it.each([
    { kind: 'open_quote', row: '"open' },
    { kind: 'open_quote', row: '"a""' },
    { kind: 'after_quote', row: '"a"b' },
    { kind: 'inner_quote', row: 'a"b' },
    { kind: 'inner_quote', row: ' "a"' },
  ])('names the line of $row and reads on', async ({ kind, row }) => {
    const { rows, mistakes } = await readAll(`a,b\n${row}\nc,d\n`);
    expect(mistakes).toEqual([{ line: 2, kind }]);
    expect(rows.map(({ line }) => line)).toEqual([1, 3]);
  });

  it('names the line of bytes that are not UTF-8', async () => {
    const file = Buffer.concat([
      Buffer.from('a,b\nc,d\n1'),
      Buffer.from([0xa0]),
      Buffer.from('0\n'),
    ]);
    expect((await readAll(file)).mistakes).toEqual([{ line: 3, kind: 'utf8' }]);
  });

  it('refuses UTF-16 by its mark or its zeros', async () => {
    for (const file of [
      Buffer.from('\uFEFFa,b\n', 'utf16le'),
      Buffer.from('\uFEFFa,b\n', 'utf16le').swap16(),
      Buffer.from('a,b\n', 'utf16le'),
    ]) {
      await expect(readAll(file)).rejects.toThrow('UTF-16');
    }
  });

  it('refuses a giant line before it is read to its end', async () => {
    let sent = 0;
    async function* commas(): AsyncGenerator<Uint8Array> {
      for (; sent < 1_000; sent += 1) yield Buffer.alloc(65_536, ',');
    }
    const reading = (async () => {
      for await (const _ of readCsv(commas()));
    })();
    await expect(reading).rejects.toThrow(`${LONGEST_LINE} bytes at most`);
    expect(sent).toBe(0);
    await expect(readAll(`a\n${'x'.repeat(LONGEST_LINE + 1)}\n`)).rejects.toMatchObject({
      line: 2,
    });
    expect(await fieldsOf(`a\n${'x'.repeat(LONGEST_LINE)}\r\nb`)).toHaveLength(3);
  });

  it('splits no row further than it may be wide', async () => {
    const wide = (fields: number) => Array.from({ length: fields }, () => '"x"').join(',');
    const { rows, mistakes } = await readAll(`${wide(MOST_FIELDS)}\n${wide(MOST_FIELDS + 1)}\n`);
    expect(rows.map(({ fields }) => fields.length)).toEqual([MOST_FIELDS]);
    expect(mistakes).toEqual([{ line: 2, kind: 'fields' }]);
  });

  it('refuses a file of too many lines, blank ones too', async () => {
    const file = Buffer.alloc(MOST_LINES + 1, '\n');
    await expect(readAll(file)).rejects.toMatchObject({ line: MOST_LINES + 1 });
  });
});
