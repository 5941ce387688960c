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

const LONGEST_FIELD = 10_000;

type State = 'start' | 'plain' | 'quoted' | 'quote_in_quoted';

/**
 * Reads RFC 4180 from a stream, record by record: fields in double quotes may hold commas, line
 * breaks and doubled quotes. Lines that are empty are left out.
 * @throws CsvError for text after a closing quote, an open quote at the end, bytes that are not
 *   UTF-8, and a field that is too long to be one.
 */
export async function* readCsv(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRecord> {
  const parser = createParser();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new CsvError(parser.line(), 'is not UTF-8');
    }
  };
  for await (const chunk of chunks) yield* parser.take(decode(chunk));
  yield* parser.take(decode());
  yield* parser.end();
}

function createParser() {
  let state: State = 'start';
  let field = '';
  let fields: string[] = [];
  let line = 1;
  let recordLine = 1;

  function endField(): void {
    fields.push(field);
    field = '';
    state = 'start';
  }

  function endRecord(): CsvRecord | null {
    const isEmpty = fields.length === 0 && field === '' && state === 'start';
    endField();
    const record = { line: recordLine, fields };
    fields = [];
    return isEmpty ? null : record;
  }

  function append(character: string): void {
    if (field.length >= LONGEST_FIELD) {
      throw new CsvError(line, `a field has ${LONGEST_FIELD} characters at most`);
    }
    field += character;
  }

  /** @returns true when the record ends here. */
  function take(character: string): boolean {
    switch (state) {
      case 'quoted':
        if (character === '"') state = 'quote_in_quoted';
        else append(character);
        return false;
      case 'quote_in_quoted':
        if (character === '"') {
          append('"');
          state = 'quoted';
          return false;
        }
        if (character !== ',' && character !== '\n' && character !== '\r') {
          throw new CsvError(line, 'has text after a closing quote');
        }
        break;
      case 'start':
        if (character === '"') {
          state = 'quoted';
          return false;
        }
        break;
      case 'plain':
        break;
    }
    if (character === ',') endField();
    else if (character === '\n') return true;
    else if (character !== '\r') {
      append(character);
      state = 'plain';
    }
    return false;
  }

  return {
    line: () => line,
    *take(text: string): Generator<CsvRecord> {
      for (const character of text) {
        const ends = take(character);
        if (character === '\n') line += 1;
        if (!ends) continue;
        const record = endRecord();
        recordLine = line;
        if (record !== null) yield record;
      }
    },
    *end(): Generator<CsvRecord> {
      if (state === 'quoted') throw new CsvError(recordLine, 'has a quote that is never closed');
      const record = endRecord();
      if (record !== null) yield record;
    },
  };
}
