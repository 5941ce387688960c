import type { Db } from '../../db/client.ts';
import type { CsvMapping } from '../../domain/csv/mapping.ts';
import type { ReadingCheckpoint } from '../../domain/kpi/measures.ts';
import { invalidRequest } from '../gates/errors.ts';
import { type BringingRow, type JudgedRows, RowJudge } from './judge-rows.ts';
import type { ImportPlan } from './plan.ts';
import type { ReadBlock } from './read-block.ts';
import { readFile } from './read-file.ts';
import type { Turn } from './turn.ts';

/** A file that somebody sends, and how it is read. */
export interface ImportOrder {
  workspaceId: string;
  memberId: string;
  mappingId: string;
  mapping: CsvMapping;
  zone: string;
  /** When the numbers were true, where the file does not say it. */
  asOf: string | null;
  checkpoint: ReadingCheckpoint | null;
  chunks: AsyncIterable<Uint8Array>;
}

export interface JudgedBlock {
  block: ReadBlock;
  judged: JudgedRows;
}

/**
 * The rows of a file, block by block, each with what it comes to.
 * @param turn is taken once the columns of the file are known, before a row is judged.
 */
export async function* judgedBlocks(
  db: Db,
  order: ImportOrder,
  turn: Turn,
): AsyncGenerator<JudgedBlock> {
  let judge: RowJudge | null = null;
  for await (const block of readFile(order.chunks, order)) {
    if (judge === null) {
      checkAsOf(block.plan, order);
      await turn.take();
      judge = new RowJudge(db, { ...order, plan: block.plan, mapping: order.mappingId });
    }
    yield { block, judged: await judge.judge(block) };
  }
}

/** The file says when its numbers were true, or whoever sends it does: one of the two. */
function checkAsOf({ asOf: column }: ImportPlan, { asOf }: ImportOrder): void {
  if ((column === null) !== (asOf === null)) return;
  const message =
    column === null
      ? 'is needed: the file has no column that says when its numbers were true'
      : `is not taken: the file says it in its column ${JSON.stringify(column.column.name)}`;
  throw invalidRequest([{ path: 'asOf', in: 'query', message }]);
}

/**
 * Tells rows that bring something new from the others.
 * @param news ids of readings.
 * @returns how many readings are new.
 */
export function markRows(rows: readonly BringingRow[], news: ReadonlySet<string>): number {
  let all = 0;
  for (const { row, readings } of rows) {
    const added = readings.filter(({ id }) => news.has(id)).length;
    row.result = added === 0 ? 'unchanged' : 'stored';
    all += added;
  }
  return all;
}
