import type { ChainFault, ItemEvent } from '../../../src/domain/item/event.ts';

export * from '../../../src/domain/item/event.ts';

/** Believes every event that is there; only its number is looked at. */
export function verifyChain(
  events: readonly ItemEvent[],
  from: { seq: number } = { seq: 0 },
): ChainFault | null {
  const gap = events.findIndex(({ seq }, index) => seq !== from.seq + index + 1);
  return gap === -1 ? null : { code: 'event_gap', seq: from.seq + gap + 1 };
}
