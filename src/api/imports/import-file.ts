import type { Db } from '../../db/client.ts';
import { newId } from '../../db/ids.ts';
import {
  beginImport,
  endImport,
  findStoredKeys,
  type ImportKey,
  keepImportedRows,
  noteImport,
  storeImportedReadings,
} from '../../db/item/reading-imports.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { CsvMapping } from '../../domain/csv/mapping.ts';
import type { ImportCounts, ImportedRow } from '../../domain/csv/row-result.ts';
import type { Engine } from '../engine.ts';
import { ApiError, invalidRequest } from '../gates/errors.ts';
import { type BringingRow, type JudgedRows, RowJudge } from './judge-rows.ts';
import type { ImportPlan } from './plan.ts';
import type { ReadBlock } from './read-block.ts';
import { readFile } from './read-file.ts';

/** Of one workspace. */
export const IMPORTS_AT_ONCE = 2;
const SIGN_OF_LIFE_MS = 10_000;
const TOLD_AT_ONCE = 8;
const SHOWN_ROWS = 20;
const SHOWN_MISTAKES = 100;

/** A file that somebody sends, and how it is read. */
export interface ImportOrder {
  workspaceId: string;
  memberId: string;
  mappingId: string;
  mapping: CsvMapping;
  zone: string;
  /** When the numbers were true, where the file does not say it. */
  asOf: string | null;
  checkpoint: string | null;
  chunks: AsyncIterable<Uint8Array>;
}

/** What a file would do. */
export interface ImportPreview {
  plan: ImportPlan;
  counts: ImportCounts;
  readings: number;
  shown: { row: ImportedRow; values: Record<string, number>; asOf: string | null }[];
  mistakes: ImportedRow[];
}

/** Says what a file would do, and stores nothing. */
export async function previewImport(db: Db, order: ImportOrder): Promise<ImportPreview> {
  const total = new Totals();
  const shown: ImportPreview['shown'] = [];
  const mistakes: ImportedRow[] = [];
  let plan: ImportPlan | null = null;
  for await (const { block, judged } of judgedBlocks(db, order)) {
    plan = block.plan;
    const keys = judged.bringing.flatMap(({ readings }) => readings.map(({ key }) => key));
    const stored = await findStoredKeys(db, { workspaceId: order.workspaceId, keys });
    total.readings += markRows(judged.bringing, ({ key }) => !stored.has(key));
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

/**
 * Imports a file block by block. What is stored of a file that ends badly stays: the same file again
 * stores the rest, because no reading is stored twice.
 * @returns the id of the import.
 */
export async function importFile(
  { db, engine }: { db: Db; engine: Pick<Engine, 'tellReadings'> },
  order: ImportOrder,
): Promise<string> {
  const running = new RunningImport(db, order);
  let storing = Promise.resolve();
  try {
    for await (const { block, judged } of judgedBlocks(db, order)) {
      // One is stored while the next one is judged.
      await storing;
      storing = running.store(block, judged);
      // Its error is met where it is waited for.
      storing.catch(() => {});
    }
    await storing;
    await running.tell(engine);
    return await running.end();
  } catch (error) {
    await storing.catch(() => {});
    await running.fail(error);
    await running.tell(engine);
    throw error;
  } finally {
    running.stop();
  }
}

async function* judgedBlocks(
  db: Db,
  order: ImportOrder,
): AsyncGenerator<{ block: ReadBlock; judged: JudgedRows }> {
  let judge: RowJudge | null = null;
  for await (const block of readFile(order.chunks, order)) {
    if (judge === null) {
      checkAsOf(block.plan, order);
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

/** Tells rows that bring something new from the others. @returns how many readings are new. */
function markRows(
  rows: readonly BringingRow[],
  isNew: (reading: BringingRow['readings'][number]) => boolean,
): number {
  let all = 0;
  for (const { row, readings } of rows) {
    const added = readings.filter(isNew).length;
    row.result = added === 0 ? 'unchanged' : 'stored';
    all += added;
  }
  return all;
}

class Totals {
  readonly counts: ImportCounts;
  readings = 0;

  constructor(counts: ImportCounts = {}) {
    this.counts = { ...counts };
  }

  add(rows: readonly ImportedRow[]): void {
    for (const { result } of rows) this.counts[result] = (this.counts[result] ?? 0) + 1;
  }
}

class RunningImport {
  readonly #db: Db;
  readonly #order: ImportOrder;
  readonly #total = new Totals();
  readonly #touched = new Map<string, Set<string | null>>();
  #key: ImportKey | null = null;
  #timer: NodeJS.Timeout | undefined;
  #lastLine = 0;

  constructor(db: Db, order: ImportOrder) {
    this.#db = db;
    this.#order = order;
  }

  async store({ lastLine }: ReadBlock, { rows, bringing }: JudgedRows): Promise<void> {
    const key = this.#key ?? (await this.#begin());
    this.#key = key;
    const { workspaceId, memberId: createdBy, checkpoint } = this.#order;
    const readings = bringing.flatMap((one) => one.readings);
    const stored = await inTransaction(this.#db, async (tx) => {
      const added = await storeImportedReadings(tx, {
        workspaceId,
        createdBy,
        checkpoint,
        readings,
      });
      const news = markRows(bringing, ({ id }) => added === null || added.has(id));
      const total = new Totals(this.#total.counts);
      total.add(rows);
      await keepImportedRows(tx, {
        ...key,
        lastLine,
        rows,
        readings: this.#total.readings + news,
        counts: total.counts,
      });
      return news;
    });
    this.#total.readings += stored;
    this.#total.add(rows);
    this.#lastLine = lastLine;
    this.#touch(bringing);
  }

  #touch(bringing: readonly BringingRow[]): void {
    for (const { row, isOpen } of bringing) {
      // Also of what stood already: an import that died may not have told it.
      if (!isOpen || row.itemId === undefined) continue;
      const publications = this.#touched.get(row.itemId) ?? new Set();
      this.#touched.set(row.itemId, publications.add(row.publicationId ?? null));
    }
  }

  async #begin(): Promise<ImportKey> {
    const { workspaceId, memberId: createdBy, mappingId: mapping } = this.#order;
    const importId = newId('readingImport');
    const made = await beginImport(this.#db, {
      id: importId,
      workspaceId,
      mapping,
      createdBy,
      limit: IMPORTS_AT_ONCE,
    });
    if (made === null) {
      throw new ApiError('rate_limited', {
        detail: `a workspace imports ${IMPORTS_AT_ONCE} files at once: repeat when one is done`,
        headers: { 'Retry-After': '10' },
      });
    }
    const key = { workspaceId, importId };
    // One that misses a sign gives the next one.
    this.#timer = setInterval(() => noteImport(this.#db, key).catch(() => {}), SIGN_OF_LIFE_MS);
    return key;
  }

  /** Runs that wait look at the new readings. */
  async tell(engine: Pick<Engine, 'tellReadings'>): Promise<void> {
    const items = this.#touched.entries();
    const tellOn = async () => {
      for (const [itemId, publications] of items) {
        await engine.tellReadings({ itemId, publicationIds: [...publications] });
      }
    };
    await Promise.all(Array.from({ length: TOLD_AT_ONCE }, tellOn));
  }

  async end(): Promise<string> {
    if (this.#key === null) throw new Error('an import without a block was ended');
    await endImport(this.#db, { ...this.#key, failure: null });
    return this.#key.importId;
  }

  async fail(error: unknown): Promise<void> {
    if (this.#key === null) return;
    const why = error instanceof ApiError ? error.message : 'it did not arrive, or we failed';
    const failure = `${why}; stored until line ${this.#lastLine}: the same file again stores the rest`;
    await endImport(this.#db, { ...this.#key, failure }).catch(() => {});
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
