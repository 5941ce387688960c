import { hash } from 'node:crypto';
import type { Db } from '../../db/client.ts';
import { newId } from '../../db/ids.ts';
import {
  findLaterReadings,
  findStoredKeys,
  type ImportedReading,
  storeImportedReadings,
} from '../../db/imports/readings.ts';
import { readingOf } from '../../db/item/readings.ts';
import type { ReadingCheckpoint } from '../../domain/kpi/measures.ts';
import { compareText, latestReadings, seriesKey } from '../../domain/kpi/readings.ts';

/** Readings that rows bring, all of one checkpoint. */
export interface ReadingBatch {
  workspaceId: string;
  checkpoint: ReadingCheckpoint | null;
  readings: readonly ImportedReading[];
}

/** Of one statement: a block of narrow rows with many measures brings more than one may take time for. */
const AT_ONCE = 10_000;

/** @returns ids of those that storing them would add. */
export async function findNewReadings(db: Db, batch: ReadingBatch): Promise<ReadonlySet<string>> {
  const news = new Set<string>();
  for (const readings of partsOf(batch.readings)) {
    const keys = readings.map(({ key }) => key);
    const stored = await findStoredKeys(db, { workspaceId: batch.workspaceId, keys });
    const stood = readings.filter(({ key }) => stored.has(key));
    const corrections = await correctionsOf(db, { ...batch, readings: stood });
    for (const { id, key } of readings) {
      if (!stored.has(key) || corrections.has(id)) news.add(id);
    }
  }
  return news;
}

/**
 * @param tx the transaction that also keeps the rows they are of.
 * @returns ids of those that are new.
 */
export async function storeNewReadings(
  tx: Db,
  batch: ReadingBatch & { createdBy: string },
): Promise<ReadonlySet<string>> {
  const news = new Set<string>();
  for (const readings of partsOf(batch.readings)) {
    const added = await storeImportedReadings(tx, { ...batch, readings });
    const stood = added === null ? [] : readings.filter(({ id }) => !added.has(id));
    const corrections = await correctionsOf(tx, { ...batch, readings: stood });
    const again = [...corrections.values()];
    const corrected = await storeImportedReadings(tx, { ...batch, readings: again });
    for (const { id } of readings) {
      const correction = corrections.get(id);
      const isNew =
        correction === undefined
          ? added === null || added.has(id)
          : corrected === null || corrected.has(correction.id);
      if (isNew) news.add(id);
    }
  }
  return news;
}

/** In the order of their keys, as a statement stores them: two imports wait for each other one way. */
function partsOf(readings: readonly ImportedReading[]): (readonly ImportedReading[])[] {
  if (readings.length <= AT_ONCE) return [readings];
  const sorted = readings.toSorted((a, b) => compareText(a.key, b.key));
  return Array.from({ length: Math.ceil(sorted.length / AT_ONCE) }, (_, part) =>
    sorted.slice(part * AT_ONCE, (part + 1) * AT_ONCE),
  );
}

/**
 * Of readings that stand those that count no more, because another one that says otherwise was stored since
 * as of the same instant: by their ids, as they are stored once more. The key of each names what it
 * corrects, so that of two who send it at once one stores it.
 */
async function correctionsOf(
  db: Db,
  { workspaceId, checkpoint, readings }: ReadingBatch,
): Promise<ReadonlyMap<string, ImportedReading>> {
  const keys = readings.map(({ key }) => key);
  const found = await findLaterReadings(db, { workspaceId, keys });
  const laterOf = Map.groupBy(found, ({ key }) => key);
  const corrections = new Map<string, ImportedReading>();
  for (const reading of readings) {
    const { measure, publicationId } = reading;
    const series = seriesKey({
      measure,
      ...(publicationId !== null && { publicationId }),
      ...(checkpoint !== null && { checkpoint }),
    });
    const later = laterOf.get(reading.key)?.map((one) => readingOf(one.later)) ?? [];
    const [counting] = latestReadings(later.filter((one) => seriesKey(one) === series));
    if (counting === undefined || counting.value === reading.value) continue;
    const key = `csv:${hash('sha256', `${reading.key}\n${counting.id}`, 'base64url').slice(0, 27)}`;
    corrections.set(reading.id, { ...reading, id: newId('reading'), key });
  }
  return corrections;
}
