import { ITEM_BYTES } from '../domain/item/size.ts';

/** What a run carries, as far as it is known. */
export interface RunSize {
  historyEvents: number;
  historyBytes: number;
  /** Of `ITEM_BYTES`; null where the newest entries of the history do not say. */
  stateBytes: number | null;
}

/**
 * A run continues at 8,000 events and 8 MB. One that is far beyond cannot; the engine ends it at
 * 51,200 events or 50 MB.
 */
const NEAR = { historyEvents: 20_000, historyBytes: 20_000_000, stateBytes: 0.8 * ITEM_BYTES };

/** What of a run is near its limit. */
export function limitsNear(size: RunSize): (keyof RunSize)[] {
  const names = ['historyEvents', 'historyBytes', 'stateBytes'] as const;
  return names.filter((name) => (size[name] ?? 0) >= NEAR[name]);
}
