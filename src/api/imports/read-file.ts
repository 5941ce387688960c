import type { CsvMapping } from '../../domain/csv/mapping.ts';
import { runInThread } from '../../threads/threads.ts';
import { invalidRequest } from '../gates/errors.ts';
import { CsvError } from '../readings/csv.ts';
import { blocksOf } from './blocks.ts';
import type { ImportPlan } from './plan.ts';
import { type BlockInput, READ_BLOCK, type ReadBlock } from './read-block.ts';

/** Of one file. */
export const MOST_ROWS = 200_000;

/**
 * Reads a file block by block in a thread. While a block is dealt with the next one is read, and no
 * more: what is in memory does not grow with the file.
 * @throws ApiError `invalid_request` where the file cannot be read on, naming the line.
 */
export async function* readFile(
  chunks: AsyncIterable<Uint8Array>,
  of: { workspaceId: string; mapping: CsvMapping; zone: string },
): AsyncGenerator<ReadBlock> {
  const { workspaceId, mapping, zone } = of;
  let plan: ImportPlan | null = null;
  let ahead: Promise<ReadBlock> | null = null;
  let rows = 0;
  try {
    for await (const block of blocksOf(chunks)) {
      const input = plan === null ? { ...block, mapping, zone } : { ...block, plan };
      const next = read(input, workspaceId);
      // Whoever waits for it meets its error; nobody may, when an earlier block ends the file.
      next.catch(() => {});
      if (ahead !== null) yield await ahead;
      ahead = next;
      plan ??= (await next).plan;
      rows += (await next).size;
      if (rows > MOST_ROWS) throw new CsvError(block.line, `a file has ${MOST_ROWS} rows at most`);
    }
  } catch (error) {
    throw error instanceof CsvError ? unreadable(error) : error;
  }
  if (ahead === null) throw invalidRequest([{ path: '', message: 'the file is empty' }]);
  yield await ahead;
}

async function read(input: BlockInput, workspaceId: string): Promise<ReadBlock> {
  const read = await runInThread(READ_BLOCK, input, { workspaceId });
  if ('message' in read) throw unreadable(read);
  return read;
}

function unreadable({ line, message }: { line: number; message: string }) {
  return invalidRequest([{ path: `line ${line}`, message }]);
}
