import { jobOf } from '../threads/threads.ts';
import { ApiError, type ProblemIssue } from './gates/errors.ts';
import { type ImportedReadings, readReadingsCsv } from './readings-import.ts';

/** What a file of readings holds, or what is wrong with it. */
export type ReadingsFile = ImportedReadings | { detail: string; issues: ProblemIssue[] };

/** Errors lose their class on the way out of a thread, so that issues are an answer. */
export async function readReadingsFile({ bytes }: { bytes: Uint8Array }): Promise<ReadingsFile> {
  const issue = findExcess(bytes);
  if (issue !== null) return { issues: [issue] };
  try {
    return await readReadingsCsv(chunksOf(bytes));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { detail = '', issues = [] } = error.parts;
    return { detail, issues };
  }
}

export const READINGS_FILE = jobOf(import.meta, readReadingsFile);

const LONGEST_ROW = 10_000;
/** With those that are blank. */
const MOST_LINES = 200_000;
const [LF, CR] = [10, 13];

/**
 * A line that is too long for a row, or too many lines. The parser counts the bytes of fields, not the
 * fields: a file of nothing but commas would become millions of them.
 */
function findExcess(bytes: Uint8Array): ProblemIssue | null {
  let line = 1;
  let start = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (at - start > LONGEST_ROW) {
      return { path: `line ${line}`, message: `a row has ${LONGEST_ROW} bytes at most` };
    }
    const byte = bytes[at];
    if (byte !== LF && byte !== CR) continue;
    start = at + 1;
    if (byte === LF || bytes[at + 1] !== LF) line += 1;
    if (line > MOST_LINES)
      return { path: `line ${line}`, message: `a file has ${MOST_LINES} lines at most` };
  }
  return null;
}

/** The parser hands out every record of a chunk before it looks who takes them. */
const CHUNK_BYTES = 64 * 1024;

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    yield bytes.subarray(at, at + CHUNK_BYTES);
  }
}
