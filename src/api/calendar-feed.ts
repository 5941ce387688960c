import ical, { ICalEventStatus, ICalEventTransparency } from 'ical-generator';
import { Temporal } from 'temporal-polyfill';
import type { FeedRow } from '../db/calendar/calendar.ts';
import { ENDED_STATES, UNRESOLVED_STATES } from '../domain/item/publication-states.ts';
import { jobOf } from '../threads/threads.ts';
import { vtimezone } from '../time/vtimezone.ts';
import { isTimeZone } from '../time/zoned-time.ts';

/** Seconds after which a calendar program asks again. */
const REFRESH_S = 900;
/** A post has no length; an entry without one is drawn as nothing by some programs. */
const SHOWN_FOR_MINUTES = 15;

/**
 * Publications as an iCalendar feed (RFC 5545): a valid one without any, too. What is cancelled says so
 * instead of vanishing, what is in doubt is not confirmed, a title under embargo is masked, and the same
 * rows always give the same bytes.
 */
export function calendarFeed({
  rows,
  ...range
}: {
  rows: readonly FeedRow[];
  from: string;
  to: string;
  nowMs: number;
}): string {
  const calendar = ical({
    name: 'Baton',
    prodId: { company: 'Baton', product: 'Calendar', language: 'EN' },
    ttl: REFRESH_S,
  });
  calendar.timezone({
    name: 'UTC',
    // A calendar has at least one component: without an entry it is the definition of UTC.
    generator: (zone) => (zone === 'UTC' && rows.length > 0 ? null : vtimezone(zone, range)),
  });
  for (const row of rows) {
    const { publication } = row;
    const masked = isMasked(row, range.nowMs);
    const changed = Temporal.Instant.from(lastChangeOf(row, masked));
    const start = Temporal.Instant.from(publication.at);
    const end = start.add({ minutes: SHOWN_FOR_MINUTES });
    const zone = zoneFor(publication.zone, [start, end]);
    calendar.createEvent({
      id: `${publication.id}@baton`,
      // Up with each change of the record or of a name in its title, and once more when the embargo ends.
      sequence: (publication.changedSeq + row.renames) * 2 + (masked ? 0 : 1),
      start: start.toZonedDateTimeISO(zone),
      end: end.toZonedDateTimeISO(zone),
      timezone: zone,
      stamp: changed,
      lastModified: changed,
      summary: plainText(summaryOf(row, masked)),
      status: statusOf(row),
      transparency: ICalEventTransparency.TRANSPARENT,
      description: plainText(
        [publication.state, masked ? null : publication.permalink]
          .filter((part) => part !== null)
          .join('\n'),
      ),
    });
  }
  return `${calendar.toString()}\r\n`;
}

export const CALENDAR_FEED = jobOf(import.meta, calendarFeed);

/** The zone to show instants in: UTC where a wall time of them happens twice and would say another instant. */
function zoneFor(zone: string, instants: readonly Temporal.Instant[]): string {
  if (!isTimeZone(zone)) return 'UTC';
  const isClear = instants.every((instant) => {
    const zoned = instant.toZonedDateTimeISO(zone);
    const wall = zoned.toPlainDateTime();
    return (['earlier', 'later'] as const).every((disambiguation) =>
      wall.toZonedDateTime(zone, { disambiguation }).equals(zoned),
    );
  });
  return isClear ? zone : 'UTC';
}

/** Without control characters, which no text of a calendar may hold; what programs read as a line end is one. */
function plainText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?|[\v\f\u0085\u2028\u2029]/g, '\n')
    .replaceAll(/[^\P{Cc}\n\t]/gu, '');
}

function isMasked({ publication, clockOffsetMs }: FeedRow, nowMs: number): boolean {
  const { embargoUntil } = publication;
  return embargoUntil !== null && nowMs + clockOffsetMs < Date.parse(embargoUntil);
}

/** ISO instant of the last thing that changed what the entry shows. */
function lastChangeOf({ publication, renamedAt, clockOffsetMs }: FeedRow, masked: boolean): string {
  const { changedAt, embargoUntil } = publication;
  const unmaskedAt =
    embargoUntil === null || masked
      ? null
      : new Date(Date.parse(embargoUntil) - clockOffsetMs).toISOString();
  return [changedAt, renamedAt ?? changedAt, unmaskedAt ?? changedAt].sort().at(-1) ?? changedAt;
}

function summaryOf({ title, publication, accountName }: FeedRow, masked: boolean): string {
  const { state, channel } = publication;
  const doubt = UNRESOLVED_STATES.includes(state) ? `[${state}] ` : '';
  return `${doubt}${masked ? 'Under embargo' : title} (${accountName ?? channel})`;
}

function statusOf({ publication: { state } }: FeedRow): ICalEventStatus {
  if (ENDED_STATES.includes(state)) return ICalEventStatus.CANCELLED;
  return state === 'tentative' || UNRESOLVED_STATES.includes(state)
    ? ICalEventStatus.TENTATIVE
    : ICalEventStatus.CONFIRMED;
}
