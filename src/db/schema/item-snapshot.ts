import type { ItemContext } from '../../domain/item-context.ts';

/** The machine's state as the run stores it. */
export interface ItemSnapshot {
  machineVersion: number;
  value: unknown;
  context: ItemContext;
}
