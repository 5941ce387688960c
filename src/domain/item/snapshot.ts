import type { ItemContext } from './context.ts';
import { PLACES, type Place } from './stages.ts';

/** What is stored of a run between two transitions. Restored by `resolveState`: no history, no actors. */
export interface ItemSnapshot {
  machineVersion: number;
  value: string | Record<string, string>;
  context: ItemContext;
}

/** Where the item is. */
export function placeOf(snapshot: Pick<ItemSnapshot, 'value'>): Place {
  const { value } = snapshot;
  const path =
    typeof value === 'string' ? value : Object.entries(value).map(([a, b]) => `${a}.${b}`)[0];
  const place = PLACES.find((known) => known === path);
  if (place === undefined) throw new RangeError(`unknown place ${JSON.stringify(value)}`);
  return place;
}
