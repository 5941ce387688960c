import type { ReadingInput } from '../domain/kpi/measures.ts';
import { jobOf } from '../threads/threads.ts';
import { ApiError, type ProblemIssue } from './gates/errors.ts';
import { readReadingsCsv } from './readings-import.ts';

/** What a file of readings holds, or what is wrong with it. */
export type ReadingsFile = { readings: ReadingInput[]; hash: string } | { issues: ProblemIssue[] };

/** Errors lose their class on the way out of a thread, so that issues are an answer. */
export async function readReadingsFile({ bytes }: { bytes: Uint8Array }): Promise<ReadingsFile> {
  const line = longLineIn(bytes);
  if (line !== null) {
    const message = `a row has ${LONGEST_ROW} bytes at most`;
    return { issues: [{ path: `line ${line}`, message }] };
  }
  try {
    return await readReadingsCsv(oneChunk(bytes));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { issues: error.parts.issues ?? [] };
  }
}

export const READINGS_FILE = jobOf(import.meta, readReadingsFile);

const LONGEST_ROW = 10_000;
const [LF, CR] = [10, 13];

/**
 * The first line that is too long for a row. The parser counts the bytes of fields, not the fields: a
 * file of nothing but commas would become millions of them.
 */
function longLineIn(bytes: Uint8Array): number | null {
  let line = 1;
  let start = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (at - start > LONGEST_ROW) return line;
    const byte = bytes[at];
    if (byte !== LF && byte !== CR) continue;
    start = at + 1;
    if (byte === LF || bytes[at + 1] !== LF) line += 1;
  }
  return null;
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
