import { createHash } from 'node:crypto';
import { ReadingInput } from '../../domain/kpi/measures.ts';
import { invalidRequest } from '../gates/errors.ts';
import { IssueGroups } from '../gates/issue-groups.ts';
import { CsvError, type CsvRow, readCsv } from './csv.ts';
import { dateProblem } from './date-text.ts';
import { readNumber } from './number-text.ts';

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

export interface ImportedReadings {
  readings: ReadingInput[];
  /** Of each reading, the line of the file that it stands on. */
  lines: number[];
  /** SHA-256 of the file. */
  hash: string;
}

/**
 * Readings of a CSV file whose first row names its columns: measure, value and asOf, and any of the
 * others. A field left empty is absent; `source` is `csv` then. The grammar is in docs/readings.md.
 * @throws ApiError `invalid_request`, naming line and column of the mistakes of each kind.
 */
export async function readReadingsCsv(
  chunks: AsyncIterable<Uint8Array>,
): Promise<ImportedReadings> {
  const hash = createHash('sha256');
  const readings: ReadingInput[] = [];
  const lines: number[] = [];
  const issues = new IssueGroups();
  let columns: string[] | null = null;
  let rows = 0;
  try {
    for await (const row of readCsv(hashed(chunks, hash))) {
      if (rows > MAX_IMPORTED) throw new CsvError(row.line, `more than ${MAX_IMPORTED} rows`);
      rows += 1;
      if ('message' in row) {
        issues.add(row.kind, { path: `line ${row.line}`, message: row.message });
        // Without its columns the rest of the file says nothing.
        if (columns === null) break;
      } else if (columns === null) columns = columnsOf(row);
      else {
        const reading = readingOf(row, columns, issues);
        if (reading !== null) {
          readings.push(reading);
          lines.push(row.line);
        }
      }
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    issues.add('file', { path: `line ${error.line}`, message: error.message });
  }
  if (!issues.isEmpty) throw issues.error();
  if (readings.length === 0) {
    throw invalidRequest([{ path: '', message: 'the file has no readings' }]);
  }
  return { readings, lines, hash: hash.digest('hex') };
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

function columnsOf({ line, fields }: CsvRow): string[] {
  const names = fields.map((field) => field.trim());
  const issues = new IssueGroups();
  const add = (kind: string, message: string) =>
    issues.add(kind, { path: `line ${line}`, message });
  const seen = new Set<string>();
  for (const name of names) {
    if (!(COLUMNS as readonly string[]).includes(name)) {
      add('unknown', `${shown(name)} is not a known column`);
    } else if (seen.has(name)) add('twice', `${shown(name)} is there twice`);
    seen.add(name);
  }
  for (const name of NEEDED) {
    if (!seen.has(name)) add('missing', `the column ${name} is missing`);
  }
  if (!issues.isEmpty) throw issues.error();
  return names;
}

/** Null when the row has mistakes, which are added to `issues` then. */
function readingOf(
  { line, fields }: CsvRow,
  columns: readonly string[],
  issues: IssueGroups,
): ReadingInput | null {
  if (fields.length !== columns.length) {
    const message = `has ${fields.length} fields where the first line has ${columns.length}: a field with a separator in it is put in double quotes`;
    issues.add('width', { path: `line ${line}`, message });
    return null;
  }
  const mistakes = new Set<string>();
  const add = (column: string, { kind, ...issue }: FieldMistake) => {
    mistakes.add(column);
    issues.add(`${kind} ${column}`, { path: `line ${line}.${column}`, ...issue });
  };
  const values = columns.flatMap((column, index) => {
    const text = fields[index]?.trim() ?? '';
    const field = fieldOf(column, text);
    if ('value' in field) return text === '' ? [] : [[column, field.value] as const];
    add(column, field.mistake);
    return [];
  });
  const parsed = ReadingInput.safeParse({ source: 'csv', ...Object.fromEntries(values) });
  if (parsed.success && mistakes.size === 0) return parsed.data;
  for (const { path, message } of parsed.error?.issues ?? []) {
    const column = path.map(String).join('.');
    if (!mistakes.has(column)) add(column, { kind: message, message });
  }
  return null;
}

interface FieldMistake {
  kind: string;
  message: string;
  choices?: string[];
}

/** What a field says. What is not told here the schema judges. */
function fieldOf(column: string, text: string): { value: unknown } | { mistake: FieldMistake } {
  if (text === '') {
    if (!NEEDED.some((name) => name === column)) return { value: text };
    return {
      mistake: { kind: 'empty', message: 'is empty: leave the row out where nothing is known' },
    };
  }
  switch (column) {
    case 'value':
      return countOf(text);
    case 'asOf': {
      const mistake = instantMistake(text);
      return mistake === null ? { value: text } : { mistake: withText(text, mistake) };
    }
    case 'provisional':
      return { value: /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text };
    default:
      return { value: text };
  }
}

/** Null for what the schema has to judge. */
function instantMistake(text: string): FieldMistake | null {
  if (/^\d{4}-\d\d-\d\dT\d.*(?:Z|[+-]\d\d:?\d\d)$/.test(text)) return null;
  const message = 'is not an instant: write it with its time and zone, as 2026-03-02T08:00:00Z';
  return dateProblem(text) ?? { kind: 'instant', message };
}

function countOf(text: string): { value: number } | { mistake: FieldMistake } {
  const number = readNumber(text);
  if ('value' in number) return number;
  if ('problem' in number) return { mistake: withText(text, number.problem) };
  const [small, large] = number.readings;
  const message = `may be ${small} or ${large}: write the one that is meant`;
  const mistake = { kind: 'ambiguous_number', message, choices: [small, large] };
  return { mistake: withText(text, mistake) };
}

function withText(text: string, mistake: FieldMistake): FieldMistake {
  return { ...mistake, message: `${shown(text)} ${mistake.message}` };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
