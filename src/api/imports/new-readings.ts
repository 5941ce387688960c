import { hash } from 'node:crypto';
import type { Db } from '../../db/client.ts';
import { newId } from '../../db/ids.ts';
import {
  findOtherReadings,
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
  const { workspaceId, readings } = batch;
  const stored = new Set<string>();
  for (const part of partsOf(readings)) {
    const keys = part.map(({ key }) => key);
    for (const key of await findStoredKeys(db, { workspaceId, keys })) stored.add(key);
  }
  const stood = readings.filter(({ key }) => stored.has(key));
  const corrections = await correctionsOf(db, { ...batch, readings: stood });
  const news = readings.filter(({ id, key }) => !stored.has(key) || corrections.has(id));
  return new Set(news.map(({ id }) => id));
}

/**
 * @param tx the transaction that also keeps the rows they are of.
 * @returns ids of those that are new.
 */
export async function storeNewReadings(
  tx: Db,
  batch: ReadingBatch & { createdBy: string },
): Promise<ReadonlySet<string>> {
  const { readings } = batch;
  const added = await storeInParts(tx, batch);
  if (added.size === readings.length) return added;
  const stood = readings.filter(({ id }) => !added.has(id));
  const corrections = await correctionsOf(tx, { ...batch, readings: stood });
  const corrected = await storeInParts(tx, { ...batch, readings: [...corrections.values()] });
  const back = [...corrections].flatMap(([id, reading]) => (corrected.has(reading.id) ? [id] : []));
  return new Set([...added, ...back]);
}

async function storeInParts(
  tx: Db,
  batch: ReadingBatch & { createdBy: string },
): Promise<ReadonlySet<string>> {
  const added = new Set<string>();
  // In the order of their keys, as each statement stores them: two imports wait for each other one way.
  for (const readings of partsOf(sortedBy(batch.readings, ({ key }) => key))) {
    const some = await storeImportedReadings(tx, { ...batch, readings });
    for (const { id } of readings) if (some === null || some.has(id)) added.add(id);
  }
  return added;
}

function sortedBy(
  readings: readonly ImportedReading[],
  textOf: (reading: ImportedReading) => string,
): readonly ImportedReading[] {
  if (readings.length <= AT_ONCE) return readings;
  return readings
    .map((reading) => ({ reading, text: textOf(reading) }))
    .sort((a, b) => compareText(a.text, b.text))
    .map(({ reading }) => reading);
}

function* partsOf(readings: readonly ImportedReading[]): Generator<readonly ImportedReading[]> {
  for (let at = 0; at < readings.length; at += AT_ONCE) yield readings.slice(at, at + AT_ONCE);
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
  const corrections = new Map<string, ImportedReading>();
  for (const part of partsOf(sortedBy(readings, ({ itemId, asOf }) => `${itemId} ${asOf}`))) {
    const found = await findOtherReadings(db, { workspaceId, readings: part });
    const knownOf = Map.groupBy(found, ({ key }) => key);
    for (const reading of part) {
      const known = knownOf.get(reading.key)?.map((one) => readingOf(one.reading)) ?? [];
      const series = seriesOf(reading, checkpoint);
      const [counting] = latestReadings(known.filter((one) => seriesKey(one) === series));
      if (counting === undefined || counting.value === reading.value) continue;
      const about = `${reading.key}\n${counting.id}`;
      const key = `csv:${hash('sha256', about, 'base64url').slice(0, 27)}`;
      corrections.set(reading.id, { ...reading, id: newId('reading'), key });
    }
  }
  return corrections;
}

function seriesOf(
  { measure, publicationId }: ImportedReading,
  checkpoint: ReadingCheckpoint | null,
): string {
  return seriesKey({
    measure,
    ...(publicationId !== null && { publicationId }),
    ...(checkpoint !== null && { checkpoint }),
  });
}
