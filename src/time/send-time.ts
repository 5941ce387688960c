import { Temporal } from 'temporal-polyfill';
import type { Digest, QuietHours } from '../domain/telling/preferences.ts';
import { isTimeZone } from './zoned-time.ts';

/** When the digest of a day is sent, by the member's clock. */
const DIGEST_HOUR = 8;

interface Habits {
  zone: string;
  quietHours: QuietHours | null;
}

/**
 * When the next digest is sent: the next full hour, or the next morning, by the member's clock.
 * @param now epoch milliseconds
 */
export function nextDigest(now: number, digest: Exclude<Digest, 'off'>, zone: string): number {
  const wall = wallOf(now, zone);
  const hour = { minute: 0, second: 0, millisecond: 0, microsecond: 0, nanosecond: 0 };
  if (digest === 'hourly') return wall.with(hour).add({ hours: 1 }).epochMilliseconds;
  const today = wall.with({ ...hour, hour: DIGEST_HOUR });
  return (today.epochMilliseconds > now ? today : today.add({ days: 1 })).epochMilliseconds;
}

/**
 * The first instant from `at` on that is not in the member's quiet hours. They are wall times: a night in
 * which clocks change is as quiet as any other.
 */
export function afterQuietHours(at: number, { zone, quietHours }: Habits): number {
  if (quietHours === null || quietHours.from === quietHours.to) return at;
  const wall = wallOf(at, zone);
  const { from, to } = quietHours;
  const time = wall.toPlainTime().toString({ smallestUnit: 'minute' });
  const isOverMidnight = from > to;
  const isQuiet = isOverMidnight ? time >= from || time < to : time >= from && time < to;
  if (!isQuiet) return at;
  const day = wall.toPlainDate().add({ days: isOverMidnight && time >= from ? 1 : 0 });
  const end = day.toPlainDateTime(Temporal.PlainTime.from(to));
  const first = end.toZonedDateTime(wall.timeZoneId).epochMilliseconds;
  // Of an end that comes twice, the first may be over.
  return first > at
    ? first
    : end.toZonedDateTime(wall.timeZoneId, { disambiguation: 'later' }).epochMilliseconds;
}

/** @param zone one that this program's rules do not know any more counts as UTC. */
function wallOf(at: number, zone: string): Temporal.ZonedDateTime {
  const known = isTimeZone(zone) ? zone : 'UTC';
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(known);
}
