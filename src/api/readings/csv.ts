/** A line that is not blank, as its fields. The first line of a file is 1. */
export interface CsvRow {
  line: number;
  fields: string[];
}

/** A line that cannot be read as a row. */
export interface CsvMistake {
  line: number;
  kind: string;
  message: string;
}

/** The file cannot be read on from `line`. */
export class CsvError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.name = 'CsvError';
    this.line = line;
  }
}

/** Bytes. */
export const LONGEST_LINE = 10_000;
export const MOST_FIELDS = 100;
/** With the blank ones: a spreadsheet may write thousands of them below its last row. */
export const MOST_LINES = 200_000;

const LF = 0x0a;
const CR = 0x0d;

const SEPARATORS = [',', ';', '\t'] as const;
type Separator = (typeof SEPARATORS)[number];

/**
 * Reads the rows of a CSV file whose first row names its columns. A row is one line: nothing that is
 * read here holds a line break. Blank lines are left out, with separators in them or without. Work
 * and memory have a bound per line, whatever the line holds.
 * @throws CsvError for a line or a file that is too long, and for UTF-16.
 */
export async function* readCsv(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<CsvRow | CsvMistake> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const lines = new LineSplitter();
  let line = 0;
  let separator: Separator | null = null;
  for await (const chunk of withEnd(chunks)) {
    for (const bytes of lines.cut(chunk)) {
      line += 1;
      checkBounds(bytes, line);
      let text: string;
      try {
        text = decoder.decode(bytes);
      } catch {
        yield { line, kind: 'utf8', message: 'is not UTF-8' };
        continue;
      }
      if (line === 1 && text.startsWith('\uFEFF')) text = text.slice(1);
      if (isBlank(text, separator)) continue;
      separator ??= separatorOf(text, line);
      yield { line, ...fieldsOf(text, separator) };
    }
  }
}

async function* withEnd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | null> {
  yield* chunks;
  yield null;
}

/** @throws CsvError */
function checkBounds(bytes: Buffer, line: number): void {
  if (line > MOST_LINES) throw new CsvError(line, `a file has ${MOST_LINES} lines at most`);
  if (bytes.length > LONGEST_LINE) {
    throw new CsvError(line, `a line has ${LONGEST_LINE} bytes at most`);
  }
  if (line === 1 && isUtf16(bytes)) {
    throw new CsvError(line, 'is UTF-16 or no text: save the file as CSV in UTF-8');
  }
}

/** @throws CsvError */
function separatorOf(text: string, line: number): Separator {
  const found = SEPARATORS.filter((one) => text.includes(one));
  if (found.length > 1) throw new CsvError(line, 'separates its columns in more than one way');
  return found[0] ?? ',';
}

/** Cuts a file into lines without their ends, which are all LF or CRLF, or all CR. */
class LineSplitter {
  #end: typeof LF | typeof CR | null = null;
  #rest = Buffer.alloc(0);

  /**
   * The lines that end in a chunk, and what is already too long to be one.
   * @param chunk null after the last one
   */
  *cut(chunk: Uint8Array | null): Generator<Buffer> {
    const bytes = chunk === null ? this.#rest : Buffer.concat([this.#rest, chunk]);
    this.#end ??= lineEndOf(bytes.subarray(0, LONGEST_LINE + 2));
    let from = 0;
    if (this.#end !== null) {
      for (let at = bytes.indexOf(this.#end); at !== -1; at = bytes.indexOf(this.#end, from)) {
        yield withoutCr(bytes.subarray(from, at));
        from = at + 1;
      }
    }
    this.#rest = bytes.subarray(from);
    const isTooLong = this.#rest.length > LONGEST_LINE + 1;
    if (isTooLong || (chunk === null && this.#rest.length > 0)) yield withoutCr(this.#rest);
  }
}

function withoutCr(bytes: Buffer): Buffer {
  return bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes;
}

/** How the first line ends; null while that cannot be told. */
function lineEndOf(bytes: Buffer): typeof LF | typeof CR | null {
  const at = bytes.findIndex((byte) => byte === LF || byte === CR);
  if (at === -1 || (bytes[at] === CR && at + 1 === bytes.length)) return null;
  return bytes[at] === CR && bytes[at + 1] !== LF ? CR : LF;
}

/** By its mark, or by the zero bytes that it puts beside every Latin letter. */
function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
    ? true
    : bytes.includes(0);
}

/** Before the columns are named, each separator may be the file's. */
function isBlank(text: string, separator: Separator | null): boolean {
  const allowed = separator === null ? SEPARATORS : [separator];
  for (const character of text) {
    const isSeparator = allowed.some((one) => one === character);
    if (!isSeparator && character !== '"' && character.trim() !== '') return false;
  }
  return true;
}

function fieldsOf(
  text: string,
  separator: Separator,
): { fields: string[] } | { kind: string; message: string } {
  if (/[\p{Cc}\u2028\u2029]/u.test(separator === '\t' ? text.replaceAll('\t', '') : text)) {
    return {
      kind: 'control',
      message:
        'has a control character or another line end in it: the lines of a file end all alike, and no field holds a line break',
    };
  }
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const quoted = text[at] === '"';
    const close = quoted ? closingQuote(text, at + 1) : -1;
    if (quoted && close === -1) {
      return { kind: 'open_quote', message: 'has a quote that is not closed on its line' };
    }
    const next = text.indexOf(separator, quoted ? close + 1 : at);
    const end = next === -1 ? text.length : next;
    if (quoted && end !== close + 1) {
      return { kind: 'after_quote', message: 'has text after a closing quote' };
    }
    const field = quoted ? text.slice(at + 1, close).replaceAll('""', '"') : text.slice(at, end);
    if (!quoted && field.includes('"')) {
      return {
        kind: 'inner_quote',
        message: 'has a quote inside a field that does not start with one',
      };
    }
    fields.push(field);
    if (next === -1) return { fields };
    if (fields.length === MOST_FIELDS) {
      return { kind: 'fields', message: `has more than ${MOST_FIELDS} fields` };
    }
    at = next + 1;
  }
}

/** -1 when there is none; a doubled quote is one of the text. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}
