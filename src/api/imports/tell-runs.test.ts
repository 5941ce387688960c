import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { BringingRow } from './judge-rows.ts';
import { TouchedItems } from './tell-runs.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

type Told = Parameters<Parameters<TouchedItems['tell']>[0]['tellReadings']>[0];

function rowOf(itemId: string, publicationId?: string, isOpen = true): BringingRow {
  return { row: { line: 1, result: 'stored', itemId, publicationId }, readings: [], isOpen };
}

/** An engine that takes its time for every run. */
function engineOf(ms: number) {
  const told: Told[] = [];
  const tellReadings = async (one: Told) => {
    told.push(one);
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  };
  return { told, engine: { tellReadings } };
}

it('tells each open item once, of all that it got', async () => {
  const touched = new TouchedItems();
  touched.add([rowOf('itm_1', 'pub_1'), rowOf('itm_2'), rowOf('itm_1', 'pub_2')]);
  touched.add([rowOf('itm_1', 'pub_1'), rowOf('itm_closed', 'pub_9', false)]);
  const { told, engine } = engineOf(0);
  await touched.tell(engine);
  expect(told).toMatchObject([
    { itemId: 'itm_1', publicationIds: ['pub_1', 'pub_2'] },
    { itemId: 'itm_2', publicationIds: [null] },
  ]);
});

it('has one deadline for all of them: an engine that is slow lets nobody wait', async () => {
  const touched = new TouchedItems();
  touched.add(Array.from({ length: 1_000 }, (_, n) => rowOf(`itm_${n}`)));
  const { told, engine } = engineOf(2_000);
  const begun = Date.now();
  const telling = touched.tell(engine);
  await vi.advanceTimersByTimeAsync(10_000);
  await telling;
  expect(told).toHaveLength(5 * 8);
  expect(new Set(told.map(({ until }) => until))).toEqual(new Set([begun + 10_000]));
});
