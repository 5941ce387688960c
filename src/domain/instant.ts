import { z } from 'zod';

const FIRST_YEAR = 1970;
const LAST_YEAR = 2199;
/** Longer fractions of a second than any clock gives are not stored. */
const MAX_LENGTH = 40;

function isInRange(text: string): boolean {
  const year = Number(text.slice(0, 4));
  return text.length <= MAX_LENGTH && year >= FIRST_YEAR && year <= LAST_YEAR;
}

const RULE = `is a time from ${FIRST_YEAR} to ${LAST_YEAR}`;

/** What is stored as it was stated: to the millisecond, which is what every clock here knows. */
const UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/;
const DATE_TIME = z.iso.datetime({ offset: true });
const LEAP_SECOND = /(T\d{2}:\d{2}):60/;

/**
 * The same instant in UTC, or the text itself when it is none. Letters may be small (RFC 3339), parts of
 * a millisecond are cut off, and a leap second is the one before it, as it is for JavaScript.
 */
function inUtc(stated: string): string {
  if (stated.length > MAX_LENGTH) return stated;
  const upper = stated.toUpperCase();
  const text = upper.replace(LEAP_SECOND, '$1:59');
  if (!DATE_TIME.safeParse(text).success) return stated;
  const utc = UTC.test(text) ? text : new Date(text).toISOString();
  // Seconds are only ever inserted at the end of a day in UTC.
  return text !== upper && !utc.includes('T23:59:59') ? stated : utc;
}

function instant(read: (stated: string) => string) {
  return z
    .string()
    .overwrite(read)
    .refine((text) => UTC.test(text) && DATE_TIME.safeParse(text).success, {
      message: 'is a time with its zone, such as 2030-06-01T12:00:00Z or 2030-06-01T14:00:00+02:00',
      abort: true,
    })
    .refine(isInRange, RULE)
    .meta({ format: 'date-time' });
}

/**
 * An instant that somebody states, RFC 3339 with any offset; from here on it is in UTC. The standard
 * knows the years 0000 and 9999; calendars and the database, which add days to what they get, do not.
 */
export const Instant = instant(inUtc);

/** The same in a query, where a plus sign that nobody encoded arrives as a space. */
export const QueryInstant = instant((text) => inUtc(text.replace(/ (?=\d{2}:\d{2}$)/, '+')));

/** A wall time without zone, in the same range. */
export const WallTime = z.iso
  .datetime({ local: true, offset: false, abort: true })
  .refine((text) => !text.endsWith('Z'), 'is a wall time without zone')
  .refine(isInRange, RULE);
