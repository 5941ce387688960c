import Holidays from 'date-holidays';

const DAY_MS = 86_400_000;

/** Dates by country and year. They are constants of the holiday tables, so one copy serves everyone. */
const known = new Map<string, ReadonlySet<string>>();

/** Whether the holiday tables have a country (`FR`) or one of its regions (`FR-57`). */
export function isHolidaysCountry(country: string): boolean {
  const [code = '', state] = country.split('-');
  const tables = new Holidays();
  if (!Object.hasOwn(tables.getCountries(), code)) return false;
  return state === undefined || Object.hasOwn(tables.getStates(code) ?? {}, state);
}

/**
 * Whole days that nobody works in a country: its public holidays, substitute days included.
 * @param country ISO 3166 code, with a region where holidays differ (`FR`, `FR-57`)
 * @returns local dates, `YYYY-MM-DD`
 * @throws RangeError when the tables do not have the country
 */
export function publicHolidays(country: string, year: number): ReadonlySet<string> {
  const key = `${country} ${year}`;
  const cached = known.get(key);
  if (cached) return cached;
  if (!isHolidaysCountry(country)) {
    throw new RangeError(`holidaysCountry: no public holidays are known for ${country}`);
  }
  const [code = '', state] = country.split('-');
  const tables = state === undefined ? new Holidays(code) : new Holidays(code, state);
  const dates = new Set<string>();
  for (const { date, start, end, type } of tables.getHolidays(year)) {
    // A holiday that begins in the middle of a day leaves that day half worked: it counts as worked.
    if (type !== 'public' || date.slice(11, 16) !== '00:00') continue;
    const first = Date.parse(`${date.slice(0, 10)}T00:00:00Z`);
    const days = Math.max(1, Math.round((end.getTime() - start.getTime()) / DAY_MS));
    for (let day = 0; day < days; day += 1) {
      dates.add(new Date(first + day * DAY_MS).toISOString().slice(0, 10));
    }
  }
  known.set(key, dates);
  return dates;
}
