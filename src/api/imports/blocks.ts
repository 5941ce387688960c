import { CsvError } from '../readings/csv.ts';

/** Whole rows of a file, and the line that the first of them begins on. */
export interface CsvBlock {
  bytes: Uint8Array<ArrayBuffer>;
  line: number;
  /** How the rows of the file end: a CR before an LF belongs to it. */
  end: '\n' | '\r';
}

const BLOCK_BYTES = 256 * 1024;
/** Of one row. */
export const LONGEST_ROW = 64 * 1024;

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const BYTE_ORDER_MARK: readonly number[] = [0xef, 0xbb, 0xbf];
/** What may stand before the quote that opens a field; the first of a file has nothing before it. */
const BEFORE_FIELD: ReadonlySet<number> = new Set([LF, CR, 0x2c, 0x3b, 0x09]);

/**
 * Cuts a file where a row ends, so that each block can be read by itself. A line end in a quoted field
 * ends no row.
 * @throws CsvError for a row that is too long: mostly a quote that nobody closed.
 */
export async function* blocksOf(
  chunks: AsyncIterable<Uint8Array>,
  { blockBytes = BLOCK_BYTES }: { blockBytes?: number } = {},
): AsyncGenerator<CsvBlock> {
  const cutter = new BlockCutter(blockBytes);
  for await (const chunk of chunks) {
    const block = cutter.add(chunk);
    if (block !== null) yield block;
  }
  const last = cutter.rest();
  if (last !== null) yield last;
}

class BlockCutter {
  readonly #blockBytes: number;
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** Where the last whole row ends, and on which line the next one begins. */
  #end = 0;
  #endLine = 1;
  #line = 1;
  #blockLine = 1;
  #lineEnd: typeof LF | typeof CR | null = null;
  /** Line ends in quotes before that is known. */
  readonly #quotedEnds = { lf: 0, cr: 0 };
  /** Bytes of a byte order mark that were met; all of them once there is no more of it. */
  #marked = 0;
  #isQuoted = false;
  #before = LF;

  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
  }

  add(chunk: Uint8Array): CsvBlock | null {
    this.#scan(chunk);
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size - this.#end > LONGEST_ROW) {
      const message = `a row has ${LONGEST_ROW} bytes at most: perhaps a quote is not closed`;
      throw new CsvError(this.#endLine, message);
    }
    return this.#size < this.#blockBytes || this.#end === 0 ? null : this.#cut(this.#end);
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
    const block: CsvBlock = {
      bytes: all.slice(0, end),
      line: this.#blockLine,
      end: this.#lineEnd === CR ? '\r' : '\n',
    };
    this.#chunks = [all.slice(end)];
    this.#size -= end;
    this.#end = 0;
    this.#blockLine = this.#endLine;
    return block;
  }

  #scan(chunk: Uint8Array): void {
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index] ?? 0;
      if (this.#lineEnd === null) {
        if (this.#isMark(byte)) continue;
        this.#learnLineEnd(byte, this.#size + index);
      }
      if (byte === QUOTE) {
        // The second quote of a doubled one opens again what the first one closed.
        const opens = this.#before === QUOTE || BEFORE_FIELD.has(this.#before);
        this.#isQuoted = !this.#isQuoted && opens;
      } else if (byte === this.#lineEnd) {
        this.#line += 1;
        if (!this.#isQuoted) this.#endRow(this.#size + index + 1);
      }
      this.#before = byte;
    }
  }

  #endRow(at: number): void {
    this.#end = at;
    this.#endLine = this.#line;
  }

  /** A byte order mark is no part of the first field. */
  #isMark(byte: number): boolean {
    if (byte !== BYTE_ORDER_MARK[this.#marked]) {
      this.#marked = BYTE_ORDER_MARK.length;
      return false;
    }
    this.#marked += 1;
    return true;
  }

  /**
   * The first row says it for the file. A CR is known for what it is once the next byte is there, which
   * may be of another chunk.
   */
  #learnLineEnd(byte: number, at: number): void {
    if (this.#isQuoted) {
      if (byte === LF) this.#quotedEnds.lf += 1;
      if (byte === CR) this.#quotedEnds.cr += 1;
    } else if (byte === LF) {
      this.#lineEnd = LF;
      this.#line += this.#quotedEnds.lf;
    } else if (this.#before === CR) {
      this.#lineEnd = CR;
      this.#line += this.#quotedEnds.cr + 1;
      this.#endRow(at);
    }
  }
}
