import { Temporal } from 'temporal-polyfill';

/** A calendar day of a zone; `until` is where the next one begins. 23 to 25 hours, seldom other. */
export interface LocalDay {
  /** `YYYY-MM-DD` */
  date: string;
  /** ISO instants. */
  from: string;
  until: string;
}

/**
 * The day of a zone that an instant lies in. It need not begin at 00:00: clocks may go forward over it.
 * @param at ISO 8601 with `Z` or an offset
 * @param zone IANA zone that `isTimeZone` knows
 */
export function localDayOf({ at, zone }: { at: string; zone: string }): LocalDay {
  const date = Temporal.Instant.from(at).toZonedDateTimeISO(zone).toPlainDate();
  const startOf = (day: Temporal.PlainDate) =>
    new Date(day.toZonedDateTime(zone).epochMilliseconds).toISOString();
  return { date: date.toString(), from: startOf(date), until: startOf(date.add({ days: 1 })) };
}
