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

/**
 * An instant that somebody states, ISO 8601 with `Z`. ISO knows the years 0000 and 9999; calendars and the
 * database, which add days to what they get, do not.
 */
export const Instant = z.iso.datetime({ abort: true }).refine(isInRange, RULE);

/** A wall time without zone, in the same range. */
export const WallTime = z.iso
  .datetime({ local: true, offset: false, abort: true })
  .refine((text) => !text.endsWith('Z'), 'is a wall time without zone')
  .refine(isInRange, RULE);
