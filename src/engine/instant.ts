import { optionalTsToMs } from '@temporalio/common/lib/time.js';

type EngineTime = Parameters<typeof optionalTsToMs>[0];

/** An instant of the engine in epoch milliseconds; 0 when it states none. */
export function msOf(time: EngineTime): number {
  return optionalTsToMs(time) ?? 0;
}

/** An instant of the engine in the form of all instants. */
export function instantOf(time: EngineTime): string | null {
  const ms = optionalTsToMs(time);
  return ms === undefined ? null : new Date(ms).toISOString();
}
