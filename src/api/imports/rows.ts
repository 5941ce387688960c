import { CsvError, MOST_FIELDS } from '../readings/csv.ts';
import type { CsvBlock } from './blocks.ts';

export const SEPARATORS = [',', ';', '\t'] as const;
export type Separator = (typeof SEPARATORS)[number];

/** A row that is not blank, as its fields, or why it cannot be read. */
export type ImportRow = { line: number; fields: string[] } | { line: number; message: string };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @throws CsvError for what is not UTF-8, naming the line. */
export function textOf({ bytes, line, end }: CsvBlock): string {
  if (bytes.includes(0) || (line === 1 && hasUtf16Mark(bytes))) {
    throw new CsvError(line, 'is UTF-16 or no text: save the file as CSV in UTF-8');
  }
  try {
    const text = decoder.decode(bytes);
    return line === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text;
  } catch {
    throw new CsvError(line + linesBeforeMistake(bytes, end), 'is not UTF-8');
  }
}

function hasUtf16Mark([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** Lines of a block before the first byte that belongs to no character. */
function linesBeforeMistake(bytes: Uint8Array, end: CsvBlock['end']): number {
  const text = new TextDecoder('utf-8').decode(bytes);
  return text.slice(0, text.indexOf('\uFFFD')).split(end).length - 1;
}

/**
 * The rows of a text, each beginning on a line of its own. A field in quotes may hold line ends, as the
 * texts of posts do; blank rows are left out.
 */
export function* rowsOf(
  text: string,
  { separator, end, line: firstLine }: Marks & { line: number },
): Generator<ImportRow> {
  let at = 0;
  let line = firstLine;
  while (at < text.length) {
    const next = text.indexOf(end, at);
    const to = next === -1 ? text.length : next;
    const plain = text.slice(at, text[to - 1] === '\r' ? Math.max(at, to - 1) : to);
    if (!plain.includes('"')) {
      if (!isBlank(plain, separator)) yield checked(line, plain.split(separator));
      at = to + 1;
      line += 1;
      continue;
    }
    const row = quotedRow(text, at, { separator, end });
    if ('message' in row) yield { line, message: row.message };
    else if (row.fields.some((field) => field.trim() !== '')) yield checked(line, row.fields);
    line += 1;
    for (let inner = to; inner !== -1 && inner < row.to; ) {
      line += 1;
      inner = text.indexOf(end, inner + 1);
    }
    at = row.to + 1;
  }
}

function checked(line: number, fields: string[]): ImportRow {
  if (fields.length <= MOST_FIELDS) return { line, fields };
  return { line, message: `has more than ${MOST_FIELDS} fields` };
}

function isBlank(line: string, separator: Separator): boolean {
  const first = line[0] ?? '';
  if (first !== separator && first.trim() !== '') return false;
  return line.replaceAll(separator, '').trim() === '';
}

interface Marks {
  separator: Separator;
  end: CsvBlock['end'];
}

type QuotedRow = { to: number; fields: string[] } | { to: number; message: string };

/** The row at `from`; `to` is where its line end stands. */
function quotedRow(text: string, from: number, { separator, end }: Marks): QuotedRow {
  const fields: string[] = [];
  let at = from;
  let message: string | null = null;
  for (;;) {
    let field: string;
    const isQuoted = text[at] === '"';
    let stop = at;
    if (isQuoted) {
      const close = closingQuote(text, at + 1);
      if (close === -1) return { to: text.length, message: 'has a quote that is not closed' };
      field = text.slice(at + 1, close).replaceAll('""', '"');
      stop = close + 1;
    } else field = '';
    const fieldEnd = firstOf(text, stop, separator, end);
    const rest = text.slice(stop, fieldEnd).replace(/\r$/, '');
    if (isQuoted && rest !== '') message = 'has text after a closing quote';
    if (!isQuoted) {
      field = rest;
      if (rest.includes('"')) message = 'has a quote inside a field that does not start with one';
    }
    fields.push(field);
    if (fieldEnd >= text.length || text[fieldEnd] === end) {
      return message === null ? { to: fieldEnd, fields } : { to: fieldEnd, message };
    }
    at = fieldEnd + 1;
  }
}

function firstOf(text: string, from: number, separator: string, end: string): number {
  const next = text.indexOf(end, from);
  const lineEnd = next === -1 ? text.length : next;
  const found = text.slice(from, lineEnd).indexOf(separator);
  return found === -1 ? lineEnd : from + found;
}

/** -1 when there is none; a doubled quote is one of the text. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}
