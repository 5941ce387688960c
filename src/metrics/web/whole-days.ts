import { localDayOf } from '../../time/local-day.ts';
import type { SourceFailure, SourceQuestion } from '../source-kind.ts';

/** The days of a zone that a window lies in, for sources that count by the day. */
export interface WholeDays {
  /** `YYYY-MM-DD`, both included. */
  first: string;
  last: string;
  /** When the last one is over, ISO instant. */
  until: string;
}

export function wholeDays({ from, to }: SourceQuestion['window'], zone: string): WholeDays {
  // A window that ends at midnight has nothing of the next day.
  const end = Math.max(Date.parse(from), Date.parse(to) - 1);
  const first = localDayOf({ at: from, zone }).date;
  const { date: last, until } = localDayOf({ at: new Date(end).toISOString(), zone });
  return { first, last, until };
}

/** What such a source knows is as of the end of its last day, and settled some time after it. */
export function daysAnswer(
  { until }: WholeDays,
  { at, settlingMs }: { at: string; settlingMs: number },
): { asOf: string; settled: boolean; settlesAt: string } {
  const over = Date.parse(until);
  const settles = over + settlingMs;
  return {
    asOf: new Date(Math.min(over, Date.parse(at))).toISOString(),
    settled: Date.parse(at) >= settles,
    settlesAt: new Date(settles).toISOString(),
  };
}

/** Days of another zone are other days. */
export function otherZone(zone: string, asked: string): SourceFailure {
  return {
    unavailable: `it counts days of ${zone}, its connection says ${asked}`,
    retry: false,
  };
}
