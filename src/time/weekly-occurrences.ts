import { Temporal } from 'temporal-polyfill';
import { tzdataVersion } from './zoned-time.ts';

/** A weekly slot on a certain day. */
export interface Occurrence {
  /** Instant, ISO 8601 UTC. */
  at: string;
  /** What the wall clock of the zone shows then. */
  local: string;
  zone: string;
  tzVersion: string;
  /**
   * The slot's own wall time where daylight saving skips or repeats it on this day: a skipped one is
   * taken as late as it is skipped, of a repeated one the first counts.
   */
  shiftedFrom: string | null;
}

/**
 * When weekly wall times happen in a zone, soonest first.
 * @param after ISO instant; everything lies later.
 * @param days how many days ahead to look.
 */
export function* weeklyOccurrences({
  slots,
  zone,
  after,
  days,
}: {
  slots: readonly { weekday: number; time: string }[];
  zone: string;
  after: string;
  days: number;
}): Generator<Occurrence> {
  const afterMs = Date.parse(after);
  const first = Temporal.Instant.fromEpochMilliseconds(afterMs)
    .toZonedDateTimeISO(zone)
    .toPlainDate();
  // Per day in order of their instants: a skipped wall time may come after a later one that exists.
  for (let day = 0; day <= days; day += 1) {
    const date = first.add({ days: day });
    const found = slots
      .filter(({ weekday }) => weekday === date.dayOfWeek)
      .map(({ time }) => occurrenceOn(date, time, zone))
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    for (const occurrence of found) {
      if (Date.parse(occurrence.at) > afterMs) yield occurrence;
    }
  }
}

function occurrenceOn(date: Temporal.PlainDate, time: string, zone: string): Occurrence {
  const wall = date.toPlainDateTime(Temporal.PlainTime.from(time));
  const zoned = wall.toZonedDateTime(zone, { disambiguation: 'compatible' });
  const later = wall.toZonedDateTime(zone, { disambiguation: 'later' });
  const shown = zoned.toPlainDateTime();
  const isPlain = zoned.equals(later) && shown.equals(wall);
  return {
    at: new Date(zoned.epochMilliseconds).toISOString(),
    local: shown.toString({ smallestUnit: shown.second === 0 ? 'minute' : 'second' }),
    zone,
    tzVersion: tzdataVersion(),
    shiftedFrom: isPlain ? null : wall.toString({ smallestUnit: 'minute' }),
  };
}
