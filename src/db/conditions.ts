import type { SQL } from 'drizzle-orm';

/** The condition for a filter that is given; none for one that is not. Spread it into `and(…)`. */
export function ifGiven<T>(
  value: T | undefined,
  toCondition: (value: T) => SQL | undefined,
): (SQL | undefined)[] {
  return value === undefined ? [] : [toCondition(value)];
}
