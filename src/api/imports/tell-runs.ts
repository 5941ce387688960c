import type { Engine } from '../engine.ts';
import type { BringingRow } from './judge-rows.ts';

/** Of all runs together: whoever sent the file waits for it, and the numbers are stored. */
const TOLD_WITHIN_MS = 10_000;
const TOLD_AT_ONCE = 8;

/** Open items that got readings, each with what they are about: its publications, null for the item itself. */
export class TouchedItems {
  readonly #publications = new Map<string, Set<string | null>>();

  /** Also what stood already: an import that died may not have told it. */
  add(rows: readonly BringingRow[]): void {
    for (const { row, isOpen } of rows) {
      if (!isOpen || row.itemId === undefined) continue;
      const known = this.#publications.get(row.itemId) ?? new Set();
      this.#publications.set(row.itemId, known.add(row.publicationId ?? null));
    }
  }

  /**
   * Tells the runs that wait, so that they look at once. One that is not told in time finds the readings
   * all the same: a checkpoint looks at the table again by itself, at the end of its window at the latest,
   * and readings after a frozen review are noted by the database itself (`late_readings`).
   */
  async tell(engine: Pick<Engine, 'tellReadings'>): Promise<void> {
    const until = Date.now() + TOLD_WITHIN_MS;
    const items = this.#publications.entries();
    const tellOn = async () => {
      for (const [itemId, publications] of items) {
        if (Date.now() >= until) return;
        await engine.tellReadings({ itemId, publicationIds: [...publications], until });
      }
    };
    await Promise.all(Array.from({ length: TOLD_AT_ONCE }, tellOn));
  }
}
