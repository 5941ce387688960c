import * as replies from '../../../src/db/item/checkpoint-replies.ts';
import { callHarness } from './call-harness.ts';

export { listReplies, noteFailure } from '../../../src/db/item/checkpoint-replies.ts';

/** A harness is called right before and right after the set of a source is stored. */
export const storeAnswer: typeof replies.storeAnswer = async (db, answer) => {
  const { publicationId, checkpoint } = answer.key;
  const subject = `${publicationId} ${checkpoint}`;
  await callHarness({ at: 'before-store', subject });
  const stored = await replies.storeAnswer(db, answer);
  await callHarness({ at: 'after-store', subject });
  return stored;
};
