import { jobOf } from '../../threads/threads.ts';
import { ApiError, type ProblemIssue } from '../gates/errors.ts';
import { type ImportedReadings, readReadingsCsv } from './import.ts';

/** What a file of readings holds, or what is wrong with it. */
export type ReadingsFile = ImportedReadings | { detail: string; issues: ProblemIssue[] };

/** Errors lose their class on the way out of a thread, so that issues are an answer. */
export async function readReadingsFile({ bytes }: { bytes: Uint8Array }): Promise<ReadingsFile> {
  try {
    return await readReadingsCsv(oneChunk(bytes));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { detail = '', issues = [] } = error.parts;
    return { detail, issues };
  }
}

export const READINGS_FILE = jobOf(import.meta, readReadingsFile);

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
