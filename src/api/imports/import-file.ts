import type { Db } from '../../db/client.ts';
import { newId } from '../../db/ids.ts';
import { type ImportKey, keepImportedRows } from '../../db/imports/reading-imports.ts';
import { beginImport, endImport, noteImport } from '../../db/imports/turns.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { Engine } from '../engine.ts';
import { ApiError } from '../gates/errors.ts';
import { failureOf } from './failures.ts';
import { type ImportOrder, type JudgedBlock, judgedBlocks, markRows } from './judged-blocks.ts';
import { storeNewReadings } from './new-readings.ts';
import { TouchedItems } from './tell-runs.ts';
import { Totals } from './totals.ts';
import { IMPORTS_AT_ONCE, Turn } from './turn.ts';

/**
 * Imports a file block by block. What is stored of a file that ends badly stays: sent again it stores
 * the rest, because no reading is stored twice.
 * @returns the id of the import.
 * @throws ApiError that names the import, what it stored and what to do, once it has begun.
 */
export async function importFile(
  { db, engine }: { db: Db; engine: Pick<Engine, 'tellReadings'> },
  order: ImportOrder,
): Promise<string> {
  const running = new RunningImport(db, order);
  let storing = Promise.resolve();
  try {
    for await (const judged of judgedBlocks(db, order, running.turn)) {
      // One is stored while the next one is judged.
      await storing;
      storing = running.store(judged);
      // Its error is met where it is waited for.
      storing.catch(() => {});
    }
    await storing;
    await running.end();
  } catch (error) {
    await storing.catch(() => {});
    throw await running.fail(error);
  } finally {
    running.turn.stop();
    // It has ended: an engine that is slow keeps nobody's turn.
    await running.touched.tell(engine);
  }
  return running.id;
}

class RunningImport {
  readonly #db: Db;
  readonly #order: ImportOrder;
  readonly #key: ImportKey;
  readonly #total = new Totals();
  readonly touched = new TouchedItems();
  readonly turn: Turn;
  #lastLine = 0;

  constructor(db: Db, order: ImportOrder) {
    const { workspaceId, memberId: createdBy, mappingId: mapping } = order;
    const id = newId('readingImport');
    const row = { id, workspaceId, mapping, createdBy };
    this.#db = db;
    this.#order = order;
    this.#key = { workspaceId, importId: id };
    this.turn = new Turn({
      begin: async () => (await beginImport(db, { ...row, limit: IMPORTS_AT_ONCE })) !== null,
      note: () => noteImport(db, this.#key),
    });
  }

  get id(): string {
    return this.#key.importId;
  }

  async store({ block: { lastLine }, judged: { rows, bringing } }: JudgedBlock): Promise<void> {
    const { workspaceId, memberId: createdBy, checkpoint } = this.#order;
    const readings = bringing.flatMap((one) => one.readings);
    const batch = { workspaceId, createdBy, checkpoint, readings };
    const stored = await inTransaction(this.#db, async (tx) => {
      const news = markRows(bringing, await storeNewReadings(tx, batch));
      const total = new Totals(this.#total.counts);
      total.add(rows);
      const isRunning = await keepImportedRows(tx, {
        ...this.#key,
        lastLine,
        rows,
        readings: this.#total.readings + news,
        counts: total.counts,
      });
      if (!isRunning) {
        const detail = 'the import was silent for too long and was taken for dead';
        throw new ApiError('unavailable', { detail });
      }
      return news;
    });
    this.#total.readings += stored;
    this.#total.add(rows);
    this.#lastLine = lastLine;
    this.touched.add(bringing);
  }

  end(): Promise<void> {
    return endImport(this.#db, { ...this.#key, failure: null });
  }

  /** @returns what whoever sent the file is answered. */
  async fail(thrown: unknown): Promise<unknown> {
    if (!this.turn.isTaken) return thrown;
    const { error, text } = failureOf(thrown, { importId: this.id, lastLine: this.#lastLine });
    // One that cannot be told is silent from now on.
    await endImport(this.#db, { ...this.#key, failure: text }).catch(() => {});
    return error;
  }
}
