import { chainEvents as chainPresent } from '../../../src/domain/item/event.ts';

export * from '../../../src/domain/item/event.ts';

/** Each event has one more field. */
export const chainEvents: typeof chainPresent = (head, records, stamp) =>
  chainPresent(
    head,
    records.map(({ type, data }) => ({ type, data: { ...data, release: 'next' } })),
    stamp,
  );
