import { Temporal } from 'temporal-polyfill';

/** One of the two readings of a wall time: an instant (ISO 8601 UTC) and its offset, e.g. `+02:00`. */
export interface TimeChoice {
  at: string;
  offset: string;
}

export type LocalTimeResolution =
  | ({
      ok: true;
      /** Version of the time-zone rules that the instant was computed with. */
      tzdata: string;
    } & TimeChoice)
  | { ok: false; code: 'unknown_zone' | 'invalid_local_time'; message: string }
  | {
      ok: false;
      code: 'time_does_not_exist' | 'time_exists_twice';
      message: string;
      /** Earlier first: around a gap, or both readings of an overlap. */
      choices: [TimeChoice, TimeChoice];
    };

const WALL_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/;

/** Area and location, or UTC; an offset such as `+02:00` knows no daylight saving and is no zone. */
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/;

/**
 * The instant of a wall time in a zone. A wall time that daylight saving skips or repeats is not resolved
 * silently: both choices are named.
 * @param local `YYYY-MM-DDTHH:MM` or `…:SS`, without offset
 * @param zone IANA zone, e.g. `Europe/Paris`
 */
export function resolveLocalTime({
  local,
  zone,
}: {
  local: string;
  zone: string;
}): LocalTimeResolution {
  if (!isTimeZone(zone)) {
    return {
      ok: false,
      code: 'unknown_zone',
      message: `${quote(zone)} is not an IANA time zone such as Europe/Paris`,
    };
  }
  const wall = parseWallTime(local);
  if (!wall) {
    return {
      ok: false,
      code: 'invalid_local_time',
      message: `${quote(local)} is not a local time such as 2027-03-28T09:30`,
    };
  }
  const earlier = wall.toZonedDateTime(zone, { disambiguation: 'earlier' });
  const later = wall.toZonedDateTime(zone, { disambiguation: 'later' });
  if (earlier.equals(later)) return { ok: true, ...choice(earlier), tzdata: tzdataVersion() };
  const exists = earlier.toPlainDateTime().equals(wall);
  return {
    ok: false,
    code: exists ? 'time_exists_twice' : 'time_does_not_exist',
    message: exists
      ? `${local} happens twice in ${zone}, at ${earlier.offset} and at ${later.offset}`
      : `${local} does not exist in ${zone}: clocks go forward over it`,
    choices: [choice(earlier), choice(later)],
  };
}

/**
 * The wall time of an instant in a zone, `YYYY-MM-DDTHH:MM` (with `:SS` where seconds are not zero).
 * @param at ISO 8601 with `Z` or an offset
 * @returns null when the zone is unknown or the instant cannot be read
 */
export function instantToLocal({ at, zone }: { at: string; zone: string }): string | null {
  const epochMs = Date.parse(at);
  if (!isTimeZone(zone) || Number.isNaN(epochMs)) return null;
  const wall = Temporal.Instant.fromEpochMilliseconds(epochMs)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime();
  return wall.toString({ smallestUnit: wall.second === 0 ? 'minute' : 'second' });
}

/** Whether this program's time-zone rules know the zone. */
export function isTimeZone(zone: string): boolean {
  if (!ZONE_NAME.test(zone)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Version of the time-zone rules in use, e.g. `2026a`. Instants of future wall times change with it. */
export function tzdataVersion(): string {
  return process.versions['tz'] ?? 'unknown';
}

function parseWallTime(text: string): Temporal.PlainDateTime | null {
  if (!WALL_TIME.test(text)) return null;
  try {
    return Temporal.PlainDateTime.from(text, { overflow: 'reject' });
  } catch {
    return null;
  }
}

function choice(time: Temporal.ZonedDateTime): TimeChoice {
  return { at: new Date(time.epochMilliseconds).toISOString(), offset: time.offset };
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}
