import type * as replies from '../../../src/db/item/checkpoint-replies.ts';
import { appendReadings } from '../../../src/db/item/readings.ts';
import { callHarness } from '../parts/call-harness.ts';

export { listReplies, noteFailure } from '../../../src/db/item/checkpoint-replies.ts';

/** Hooked, and stores whatever a source says, each number by itself: no answer is remembered. */
export const storeAnswer: typeof replies.storeAnswer = async (db, { key, readings }) => {
  const { workspaceId, itemId, publicationId, checkpoint } = key;
  const subject = `${publicationId} ${checkpoint}`;
  await callHarness({ at: 'before-store', subject });
  for (const reading of readings) {
    const additions = [{ ...reading, idempotencyKey: null }];
    await appendReadings(db, { workspaceId, itemId, additions });
  }
  await callHarness({ at: 'after-store', subject });
  return true;
};
