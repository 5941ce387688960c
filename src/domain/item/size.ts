import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { ItemContext } from './context.ts';
import { rulesOf } from './machine/rules.ts';
import { ENDED_STATES } from './publication-states.ts';

/*
 * What a run carries has a bound. The engine takes 2 MB per payload and warns at 512 KiB; what a run
 * sends, gets and continues with stays under half of that warning (docs/decisions/0049).
 */

/** The state of an item, with what may still come of its posts. */
export const ITEM_BYTES = 124_000;
/** Events that travel to the tables at once. */
export const BATCH_BYTES = 48_000;
/** What the sends of one task may carry together: the engine takes 4 MB in one message. */
export const TASK_BYTES = 1_000_000;
/** Events that a continued run takes along. */
export const CARRIED_EVENT_BYTES = 16_000;
/** Answers that a continued run knows by heart. */
export const ANSWER_BYTES = 48_000;

/** What is kept of a text that tells the outcome of a send. */
export const KEPT_TEXT_BYTES = 800;
export const PERMALINK_BYTES = 600;
export const REMOTE_ID_BYTES = 300;
/** One message about a draft or a slot. */
export const MESSAGE_BYTES = 216;
/** Messages about a draft. The rest is counted. */
export const MAX_VIOLATIONS = 40;
/** Problems and warnings of one slot. */
export const MAX_SLOT_MESSAGES = 5;

/** Bytes of a planned checkpoint as JSON, at most. */
export const CHECKPOINT_BYTES = 240;
/** What else changes once a post is out: its hash, its time, its state. */
const SETTLING_BYTES = 250;

/** Bytes of a value as JSON in UTF-8, as the engine stores it. */
export function jsonBytes(value: unknown): number {
  return utf8ToBytes(JSON.stringify(value)).length;
}

/** What a post may add to its item until it has ended. */
export function publicationReserve(context: Pick<ItemContext, 'playbook'>): number {
  const texts = rulesOf(context).keptTextBytes + PERMALINK_BYTES + REMOTE_ID_BYTES;
  return texts + SETTLING_BYTES + context.playbook.checkpoints.length * CHECKPOINT_BYTES;
}

/** How much of `ITEM_BYTES` an item takes: its state, and what its open posts may add by themselves. */
export function itemBytes(context: ItemContext): number {
  const open = context.publications.filter(
    ({ state }) => state !== 'published' && !ENDED_STATES.includes(state),
  ).length;
  return jsonBytes(context) + open * publicationReserve(context);
}

/** The text, or its beginning and a mark: at most so many bytes as JSON. */
export function clipText(text: string, maxBytes: number): string {
  // No character takes more than six bytes as JSON.
  if (text.length * 6 <= maxBytes || jsonBytes(text) - 2 <= maxBytes) return text;
  const mark = '…';
  let left = maxBytes - jsonBytes(mark) + 2;
  let end = 0;
  for (const character of text) {
    left -= jsonBytes(character) - 2;
    if (left < 0) break;
    end += character.length;
  }
  return text.slice(0, end) + mark;
}

/** The first ones, with a last message that counts the rest. */
export function clipMessages(messages: readonly string[], max: number): string[] {
  const clipped = messages.slice(0, max).map((message) => clipText(message, MESSAGE_BYTES));
  const more = messages.length - clipped.length;
  return more > 0 ? [...clipped, `and ${more} more`] : clipped;
}

/** As many of them, from the first on, as fit; one at least. */
export function firstWithin<T>(values: readonly T[], maxBytes: number): T[] {
  let left = maxBytes;
  const end = values.findIndex((value, index) => {
    left -= jsonBytes(value) + 1;
    return left < 0 && index > 0;
  });
  return end === -1 ? [...values] : values.slice(0, end);
}

/** The same from the last one back, in their order. */
export function lastWithin<T>(values: readonly T[], maxBytes: number): T[] {
  return firstWithin(values.toReversed(), maxBytes).reverse();
}
