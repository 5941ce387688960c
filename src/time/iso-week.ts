import { Temporal } from 'temporal-polyfill';

/** A week of a zone, from its Monday to the next one. */
export interface LocalWeek {
  /** `2026-W49` */
  week: string;
  /** ISO instants. */
  from: string;
  until: string;
}

/**
 * An ISO 8601 week as it runs in a zone; null for one that the year has not. A week in which clocks are
 * changed is an hour shorter or longer.
 */
export function weekOf({ week, zone }: { week: string; zone: string }): LocalWeek | null {
  const [, year, number] = /^(\d{4})-W(\d{2})$/.exec(week) ?? [];
  if (year === undefined || number === undefined || year === '0000') return null;
  // 4 January is always in the first week.
  const fourth = Temporal.PlainDate.from({ year: Number(year), month: 1, day: 4 });
  const monday = fourth.subtract({ days: fourth.dayOfWeek - 1 }).add({ weeks: Number(number) - 1 });
  const isOfYear = monday.yearOfWeek === Number(year) && monday.weekOfYear === Number(number);
  return isOfYear ? weekFrom(monday, zone) : null;
}

/** The week before. */
export function weekBefore({ from }: LocalWeek, zone: string): LocalWeek {
  const monday = Temporal.Instant.from(from).toZonedDateTimeISO(zone).toPlainDate();
  return weekFrom(monday.subtract({ weeks: 1 }), zone);
}

function weekFrom(monday: Temporal.PlainDate, zone: string): LocalWeek {
  const startOf = (day: Temporal.PlainDate) =>
    new Date(day.toZonedDateTime(zone).epochMilliseconds).toISOString();
  const week = `${monday.yearOfWeek}-W${String(monday.weekOfYear).padStart(2, '0')}`;
  return { week, from: startOf(monday), until: startOf(monday.add({ weeks: 1 })) };
}
