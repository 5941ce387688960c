import type { CsvMapping, CsvMeasure, DateFormat, MatchKind } from '../../domain/csv/mapping.ts';
import type { MeasureId } from '../../domain/kpi/measures.ts';
import { CsvError } from '../readings/csv.ts';
import type { CsvBlock } from './blocks.ts';
import { rowsOf, SEPARATORS, type Separator } from './rows.ts';

/** A column of the file: where it stands, and how it is called there, as it is shown. */
export interface PlannedColumn {
  index: number;
  name: string;
}

/** Of a name: it comes back with every mistake in its column, and what a file has may be long. */
const LONGEST_SHOWN = 100;

export interface PlannedMeasure {
  measure: MeasureId;
  column: PlannedColumn;
  /** The column is a rate or an average of this one. */
  of: PlannedColumn | null;
  unit: CsvMeasure['unit'];
}

/** How the rows of one file are read: a mapping on the columns that the file has. */
export interface ImportPlan {
  separator: Separator;
  width: number;
  by: MatchKind;
  match: PlannedColumn;
  asOf: { column: PlannedColumn; format: DateFormat } | null;
  zone: string;
  numbers: CsvMapping['numbers'];
  measures: PlannedMeasure[];
  totals: string[];
  /** Columns that nothing is read from. */
  skipped: string[];
  /** Line of the row that names the columns. */
  headerLine: number;
}

/** Exports begin with a title, a period or remarks. */
const MOST_ROWS_BEFORE = 25;

/**
 * Finds the row that names the columns: the first one that has a column for the piece and one for a
 * measure. What stands above it is no row.
 * @throws CsvError where there is none, or where it can be read in two ways.
 */
export function planOf(
  text: string,
  { mapping, zone, end }: { mapping: CsvMapping; zone: string; end: CsvBlock['end'] },
): ImportPlan {
  if (/^\s*<(?:!doctype|html|\?xml|head|body)/i.test(text)) {
    throw new CsvError(1, 'is a page in HTML, not CSV: perhaps the export was not signed in');
  }
  let firstLine = 1;
  for (const separator of SEPARATORS) {
    let seen = 0;
    for (const row of rowsOf(text, { separator, end, line: 1 })) {
      if (seen === 0) firstLine = row.line;
      seen += 1;
      if (seen > MOST_ROWS_BEFORE) break;
      if (!('fields' in row)) continue;
      const columns = new HeaderRow(row);
      if (columns.has(matchHeaders(mapping)) && columns.has(measureHeaders(mapping))) {
        return planColumns(columns, separator, mapping, zone);
      }
    }
  }
  const pieces = matchHeaders(mapping).slice(0, 6).join(', ');
  const measures = measureHeaders(mapping).slice(0, 6).join(', ');
  throw new CsvError(
    firstLine,
    `none of the first ${MOST_ROWS_BEFORE} rows names a column of the piece (${pieces}, …) and one of a measure (${measures}, …)`,
  );
}

function matchHeaders({ match }: CsvMapping): string[] {
  return match.flatMap(({ headers }) => headers);
}

function measureHeaders({ measures }: CsvMapping): string[] {
  return measures.flatMap(({ headers }) => headers);
}

function planColumns(
  row: HeaderRow,
  separator: Separator,
  mapping: CsvMapping,
  zone: string,
): ImportPlan {
  const found = mapping.match.find(({ headers }) => row.has(headers));
  const match = found === undefined ? null : row.find(found.headers);
  if (found === undefined || match === null) throw new CsvError(row.line, 'names no piece');
  const part = mapping.parts === undefined ? null : row.find(mapping.parts);
  if (part !== null) {
    const message = `${JSON.stringify(part.name)} cuts the numbers of a piece into parts: export it without that dimension`;
    throw new CsvError(row.line, message);
  }
  const day = mapping.asOf === undefined ? null : row.find(mapping.asOf.headers);
  const measures = mapping.measures.flatMap(({ measure, headers, of, unit }): PlannedMeasure[] => {
    const column = row.find(headers);
    if (column === null) return [];
    const whole = of === undefined ? null : row.find(of);
    return of !== undefined && whole === null ? [] : [{ measure, column, of: whole, unit }];
  });
  const read = new Set(
    [match, day, ...measures.flatMap(({ column, of }) => [column, of])].map((one) => one?.index),
  );
  return {
    separator,
    width: row.names.length,
    by: found.by,
    match,
    asOf: day === null ? null : { column: day, format: mapping.asOf?.format ?? 'iso' },
    zone: mapping.zone ?? zone,
    numbers: mapping.numbers,
    measures,
    totals: mapping.totals.map(plain),
    skipped: row.names.filter((name, index) => name !== '' && !read.has(index)),
    headerLine: row.line,
  };
}

class HeaderRow {
  readonly line: number;
  /** As they are shown. */
  readonly names: string[];
  readonly #plain: string[];

  constructor({ line, fields }: { line: number; fields: string[] }) {
    this.line = line;
    this.names = fields.map((field) => field.trim().slice(0, LONGEST_SHOWN).toWellFormed());
    this.#plain = fields.map(plain);
  }

  has(headers: readonly string[]): boolean {
    return headers.some((header) => this.#plain.includes(plain(header)));
  }

  /** @throws CsvError where two columns are meant. */
  find(headers: readonly string[]): PlannedColumn | null {
    const wanted = new Set(headers.map(plain));
    const [first, second] = this.#plain.flatMap((name, index) => (wanted.has(name) ? [index] : []));
    if (first === undefined) return null;
    const nameOf = (index: number) => this.names[index] ?? '';
    if (second === undefined) return { index: first, name: nameOf(first) };
    const names = `${JSON.stringify(nameOf(first))} and ${JSON.stringify(nameOf(second))}`;
    const message = `columns ${first + 1} and ${second + 1} (${names}) are the same to the mapping: leave one out`;
    throw new CsvError(this.line, message);
  }
}

/** A name as it is compared: without case, and with one kind of space and apostrophe. */
export function plain(name: string): string {
  return name.normalize('NFKC').replaceAll('’', "'").replaceAll(/\s+/g, ' ').trim().toLowerCase();
}
