import type { Db } from '../../db/client.ts';
import { newId } from '../../db/ids.ts';
import { beginPreview, endPreview, notePreview } from '../../db/imports/turns.ts';
import type { ImportCounts, ImportedRow } from '../../domain/csv/row-result.ts';
import { invalidRequest } from '../gates/errors.ts';
import { type ImportOrder, judgedBlocks, markRows } from './judged-blocks.ts';
import { findNewReadings } from './new-readings.ts';
import type { ImportPlan } from './plan.ts';
import { Totals } from './totals.ts';
import { IMPORTS_AT_ONCE, Turn } from './turn.ts';

const SHOWN_ROWS = 20;
const SHOWN_MISTAKES = 100;

/** What a file would do. */
export interface ImportPreview {
  plan: ImportPlan;
  counts: ImportCounts;
  readings: number;
  shown: { row: ImportedRow; values: Record<string, number>; asOf: string | null }[];
  mistakes: ImportedRow[];
}

/** Says what a file would do, and stores nothing of it. It is as much work as an import, so it takes a turn. */
export async function previewFile(db: Db, order: ImportOrder): Promise<ImportPreview> {
  const key = { workspaceId: order.workspaceId, previewId: newId('readingPreview') };
  const turn = new Turn({
    begin: () => beginPreview(db, { ...key, limit: IMPORTS_AT_ONCE }),
    note: () => notePreview(db, key),
  });
  try {
    return await preview(db, order, turn);
  } finally {
    turn.stop();
    // A row that stays is silent from now on, and makes room as that of a dead program.
    if (turn.isTaken) await endPreview(db, key).catch(() => {});
  }
}

async function preview(db: Db, order: ImportOrder, turn: Turn): Promise<ImportPreview> {
  const total = new Totals();
  const shown: ImportPreview['shown'] = [];
  const mistakes: ImportedRow[] = [];
  let plan: ImportPlan | null = null;
  for await (const { block, judged } of judgedBlocks(db, order, turn)) {
    plan = block.plan;
    const readings = judged.bringing.flatMap((one) => one.readings);
    total.readings += markRows(judged.bringing, await findNewReadings(db, { ...order, readings }));
    total.add(judged.rows);
    for (const { row, readings } of judged.bringing.slice(0, SHOWN_ROWS - shown.length)) {
      const values = Object.fromEntries(readings.map(({ measure, value }) => [measure, value]));
      shown.push({ row, values, asOf: readings[0]?.asOf ?? null });
    }
    const wrong = judged.rows.filter((row) => row.mistakes !== undefined);
    mistakes.push(...wrong.slice(0, SHOWN_MISTAKES - mistakes.length));
  }
  if (plan === null) throw invalidRequest([{ path: '', message: 'the file is empty' }]);
  return { plan, counts: total.counts, readings: total.readings, shown, mistakes };
}
