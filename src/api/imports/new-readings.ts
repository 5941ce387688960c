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
import { latestReadings, seriesKey } from '../../domain/kpi/readings.ts';

/** Readings that rows bring, all of one checkpoint. */
export interface ReadingBatch {
  workspaceId: string;
  checkpoint: ReadingCheckpoint | null;
  readings: readonly ImportedReading[];
}

/** @returns ids of those that storing them would add. */
export async function findNewReadings(db: Db, batch: ReadingBatch): Promise<ReadonlySet<string>> {
  const { workspaceId, readings } = batch;
  const keys = readings.map(({ key }) => key);
  const stored = await findStoredKeys(db, { workspaceId, keys });
  const stood = readings.filter(({ key }) => stored.has(key));
  const corrections = await correctionsOf(db, { ...batch, readings: stood });
  const added = readings.filter(({ id, key }) => !stored.has(key) || corrections.has(id));
  return new Set(added.map(({ id }) => id));
}

/**
 * @param tx the transaction that also keeps the rows they are of.
 * @returns ids of those that are new.
 */
export async function storeNewReadings(
  tx: Db,
  { createdBy, ...batch }: ReadingBatch & { createdBy: string },
): Promise<ReadonlySet<string>> {
  const { readings } = batch;
  const added = await storeImportedReadings(tx, { ...batch, createdBy });
  if (added === null) return new Set(readings.map(({ id }) => id));
  const stood = readings.filter(({ id }) => !added.has(id));
  const corrections = await correctionsOf(tx, { ...batch, readings: stood });
  const again = [...corrections.values()];
  const corrected = await storeImportedReadings(tx, { ...batch, createdBy, readings: again });
  const isStored = ({ id }: ImportedReading) => corrected === null || corrected.has(id);
  const back = [...corrections].flatMap(([id, reading]) => (isStored(reading) ? [id] : []));
  return new Set([...added, ...back]);
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
