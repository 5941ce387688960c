import { CsvError } from '../readings/csv.ts';

/** Whole rows of a file, and the line that the first of them begins on. */
export interface CsvBlock {
  bytes: Uint8Array<ArrayBuffer>;
  line: number;
}

const BLOCK_BYTES = 256 * 1024;
/** Of one row. */
export const LONGEST_ROW = 64 * 1024;

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
/** What may stand before the quote that opens a field; the first of a file has nothing before it. */
const BEFORE_FIELD: ReadonlySet<number> = new Set([LF, CR, 0x2c, 0x3b, 0x09]);

/**
 * Cuts a file where a row ends, so that each block can be read by itself. A line end in a quoted field
 * ends no row.
 * @throws CsvError for a row that is too long: mostly a quote that nobody closed.
 */
export async function* blocksOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CsvBlock> {
  const cutter = new BlockCutter();
  for await (const chunk of chunks) {
    const block = cutter.add(chunk);
    if (block !== null) yield block;
  }
  const last = cutter.rest();
  if (last !== null) yield last;
}

class BlockCutter {
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** Where the last whole row ends, and on which line the next one begins. */
  #end = 0;
  #endLine = 1;
  #line = 1;
  #blockLine = 1;
  #lineEnd: typeof LF | typeof CR | null = null;
  #isQuoted = false;
  #before = LF;

  add(chunk: Uint8Array): CsvBlock | null {
    this.#lineEnd ??= lineEndOf(chunk);
    this.#scan(chunk);
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size - this.#end > LONGEST_ROW) {
      const message = `a row has ${LONGEST_ROW} bytes at most: perhaps a quote is not closed`;
      throw new CsvError(this.#endLine, message);
    }
    return this.#size < BLOCK_BYTES || this.#end === 0 ? null : this.#cut(this.#end);
  }

  rest(): CsvBlock | null {
    return this.#size === 0 ? null : this.#cut(this.#size);
  }

  #cut(end: number): CsvBlock {
    const all = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    const block = { bytes: all.slice(0, end), line: this.#blockLine };
    this.#chunks = [all.slice(end)];
    this.#size -= end;
    this.#end = 0;
    this.#blockLine = this.#endLine;
    return block;
  }

  #scan(chunk: Uint8Array): void {
    const end = this.#lineEnd;
    let before = this.#before;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index] ?? 0;
      if (byte === QUOTE) {
        // The second quote of a doubled one opens again what the first one closed.
        this.#isQuoted = !this.#isQuoted && (before === QUOTE || BEFORE_FIELD.has(before));
      } else if (byte === end) {
        this.#line += 1;
        if (!this.#isQuoted) {
          this.#end = this.#size + index + 1;
          this.#endLine = this.#line;
        }
      }
      before = byte;
    }
    this.#before = before;
  }
}

/** A file whose first chunk has no LF ends its lines with CR, as old spreadsheets do. */
function lineEndOf(chunk: Uint8Array): typeof LF | typeof CR | null {
  if (chunk.includes(LF)) return LF;
  return chunk.includes(CR) ? CR : null;
}
