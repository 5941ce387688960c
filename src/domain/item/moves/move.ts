import type { ItemContext } from '../context.ts';
import type { EventRecord, ItemEventType } from '../event.ts';

/** What a transition changes and what it writes into the item's chain. */
export interface Move {
  change: Partial<ItemContext>;
  records: EventRecord[];
}

export const NOTHING: Move = { change: {}, records: [] };

/** A move with one event. */
export function recorded(
  change: Partial<ItemContext>,
  type: ItemEventType,
  data: Record<string, unknown>,
): Move {
  return { change, records: [{ type, data }] };
}

export function merge(...moves: Move[]): Move {
  return {
    change: Object.assign({}, ...moves.map(({ change }) => change)) as Partial<ItemContext>,
    records: moves.flatMap(({ records }) => records),
  };
}

export function withMember(members: readonly string[], memberId: string): string[] {
  return members.includes(memberId) ? [...members] : [...members, memberId];
}
