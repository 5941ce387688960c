import { pauseAfter as pauseInLife } from '../../../src/domain/outbound/schedule.ts';

export * from '../../../src/domain/outbound/schedule.ts';

/** Three days in three minutes. */
const FASTER = 1_500;

/** The pauses of the schedule, in a time in which a line can wait for them. */
export function pauseAfter(...given: Parameters<typeof pauseInLife>): number | null {
  const pauseMs = pauseInLife(...given);
  return pauseMs === null ? null : Math.ceil(pauseMs / FASTER);
}
