import { createHash } from 'node:crypto';
import { ReadingInput } from '../domain/kpi/measures.ts';
import { CsvError, type CsvRecord, readCsv } from './csv.ts';
import { invalidRequest, type ProblemIssue } from './gates/errors.ts';
import { isStorableText } from './gates/safe-json.ts';

const COLUMNS = [
  'measure',
  'value',
  'publicationId',
  'channelAccountId',
  'checkpoint',
  'asOf',
  'source',
  'provisional',
] as const;
const NEEDED = ['measure', 'value', 'asOf'] as const;

/** One import is one transaction. */
export const MAX_IMPORTED = 20_000;
/** Enough to mend a file by; a file of another shape has as many as it has lines. */
const MAX_ISSUES = 50;

export interface ImportedReadings {
  readings: ReadingInput[];
  /** SHA-256 of the file. */
  hash: string;
}

/**
 * Readings of a CSV file whose first line names its columns: measure, value and asOf, and any of
 * the others. A field left empty is absent; `source` is `csv` then.
 * @throws ApiError `invalid_request`, naming line and column of each mistake.
 */
export async function readReadingsCsv(
  chunks: AsyncIterable<Uint8Array>,
): Promise<ImportedReadings> {
  const hash = createHash('sha256');
  const readings: ReadingInput[] = [];
  const issues: ProblemIssue[] = [];
  let columns: string[] | null = null;
  try {
    for await (const record of readCsv(hashed(chunks, hash))) {
      if (columns === null) columns = columnsOf(record);
      else {
        const read = readingOf(record, columns);
        if ('issues' in read) issues.push(...read.issues);
        else readings.push(read.reading);
      }
      if (issues.length >= MAX_ISSUES) break;
      if (readings.length > MAX_IMPORTED) {
        throw invalidRequest([{ path: '', message: `more than ${MAX_IMPORTED} rows` }]);
      }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    issues.push({ path: `line ${error.line}`, message: error.message });
  }
  if (issues.length > 0) throw invalidRequest(issues);
  if (columns === null || readings.length === 0) {
    throw invalidRequest([{ path: '', message: 'the file has no readings' }]);
  }
  return { readings, hash: hash.digest('hex') };
}

async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

function columnsOf({ line, fields }: CsvRecord): string[] {
  const names = fields.map((field) => field.trim());
  const issues = [
    ...names
      .filter((name) => !(COLUMNS as readonly string[]).includes(name))
      .map((name) => ({ path: `line ${line}`, message: `${shown(name)} is not a known column` })),
    ...names
      .filter((name, index) => names.indexOf(name) !== index)
      .map((name) => ({ path: `line ${line}`, message: `${shown(name)} is there twice` })),
    ...NEEDED.filter((name) => !names.includes(name)).map((name) => ({
      path: `line ${line}`,
      message: `the column ${name} is missing`,
    })),
  ];
  if (issues.length > 0) throw invalidRequest(issues.slice(0, MAX_ISSUES));
  return names;
}

function readingOf(
  { line, fields }: CsvRecord,
  columns: readonly string[],
): { reading: ReadingInput } | { issues: ProblemIssue[] } {
  if (fields.length !== columns.length) {
    const message = `has ${fields.length} fields where the first line has ${columns.length}`;
    return { issues: [{ path: `line ${line}`, message }] };
  }
  const cells = columns.flatMap((column, index) => {
    const text = fields[index]?.trim() ?? '';
    return text === '' ? [] : [[column, typed(column, text)] as const];
  });
  const parsed = ReadingInput.safeParse({ source: 'csv', ...Object.fromEntries(cells) });
  if (parsed.success) return { reading: parsed.data };
  return {
    issues: parsed.error.issues.map(({ path, message }) => ({
      path: [`line ${line}`, ...path.map(String)].join('.'),
      message,
    })),
  };
}

/** A text that is no number stays a text, which the schema then names. */
function typed(column: string, text: string): unknown {
  if (column === 'value') return /^-?\d{1,20}(\.\d{1,20})?$/.test(text) ? Number(text) : text;
  if (column === 'provisional') return text === 'true' ? true : text === 'false' ? false : text;
  return isStorableText(text) ? text : '';
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 40));
}
