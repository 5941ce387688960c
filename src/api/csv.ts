import { pipeline } from 'node:stream';
import { type CsvErrorCode, parse } from 'csv-parse';

/** A record of a CSV file, with the line it starts on (the first line is 1). */
export interface CsvRecord {
  line: number;
  fields: string[];
}

/** The file is not CSV; `line` is where. */
export class CsvError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.name = 'CsvError';
    this.line = line;
  }
}

const LONGEST_ROW = 10_000;

const MISTAKES: Partial<Record<CsvErrorCode, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'has a quote that is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'has text after a closing quote',
  INVALID_OPENING_QUOTE: 'has a quote inside a field that does not start with one',
  CSV_MAX_RECORD_SIZE: `a row has ${LONGEST_ROW} bytes at most`,
};

/** What the parser hands out: a record, or the first mistake, each with its text in the file. */
type Parsed = { raw: string } & ({ record: string[] } | { code: CsvErrorCode });

/**
 * Reads RFC 4180 from a stream, record by record: fields in double quotes may hold commas, line
 * breaks and doubled quotes. Lines that are empty are left out.
 * @throws CsvError for a quote out of place or never closed, bytes that are not UTF-8, and a row that
 *   is too long to be one.
 */
export async function* readCsv(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRecord> {
  const parser = parse({
    bom: true,
    raw: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    // It looks before it adds a byte.
    max_record_size: LONGEST_ROW - 1,
    skip_records_with_error: true,
  });
  // A mistake queues behind the records before it, which an error would overtake.
  parser.on('skip', ({ code }, raw = '') => parser.push({ code, raw } satisfies Parsed));
  // A failure of the source reaches the reader through the parser, which it destroys.
  pipeline(utf8(chunks), parser, () => undefined);
  const rows: AsyncIterable<Parsed> = parser;
  let line = 1;
  for await (const row of rows) {
    if ('code' in row) {
      const at = row.code === 'CSV_QUOTE_NOT_CLOSED' ? line : line + lineEnds(row.raw);
      throw new CsvError(at, MISTAKES[row.code] ?? 'is not CSV');
    }
    if (!/^[\r\n]*$/.test(row.raw)) yield { line, fields: row.record };
    line += lineEnds(row.raw);
  }
}

/** @throws CsvError when the bytes are not UTF-8, which the parser would not see. */
async function* utf8(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  const check = (chunk?: Uint8Array): void => {
    try {
      line += lineEnds(decoder.decode(chunk, { stream: chunk !== undefined }));
    } catch {
      throw new CsvError(line, 'is not UTF-8');
    }
  };
  for await (const chunk of chunks) {
    check(chunk);
    yield chunk;
  }
  check();
}

function lineEnds(text: string): number {
  return text.match(/\r\n?|\n/g)?.length ?? 0;
}
