import type * as replies from '../../../src/db/item/checkpoint-replies.ts';
import { appendReadings } from '../../../src/db/item/readings.ts';
import { callHarness } from '../parts/call-harness.ts';

export { listReplies, noteFailure } from '../../../src/db/item/checkpoint-replies.ts';

/**
 * Hooked, and stores each number of a source by itself: no answer is remembered. The numbers have their keys,
 * so none is stored twice; what is missing is that a set stands whole or not at all.
 */
export const storeAnswer: typeof replies.storeAnswer = async (db, { key, readings }) => {
  const { workspaceId, itemId, publicationId, checkpoint } = key;
  const subject = `${publicationId} ${checkpoint}`;
  const half = Math.floor(readings.length / 2);
  await callHarness({ at: 'before-store', subject });
  for (const [index, reading] of readings.entries()) {
    if (index === half) await callHarness({ at: 'within-store', subject });
    await appendReadings(db, { workspaceId, itemId, additions: [reading] });
  }
  await callHarness({ at: 'after-store', subject });
  return true;
};
