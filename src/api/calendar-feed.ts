import ical, { ICalCalendarMethod, ICalEventStatus, ICalEventTransparency } from 'ical-generator';
import { Temporal } from 'temporal-polyfill';
import { CANCELLED_STATES, type CalendarRow } from '../db/calendar.ts';
import { vtimezone } from '../time/vtimezone.ts';
import { isTimeZone } from '../time/zoned-time.ts';

/**
 * Publications as an iCalendar feed. What is cancelled says so instead of vanishing, a title under
 * embargo is masked, and the same rows always give the same bytes.
 */
export function calendarFeed(
  rows: readonly CalendarRow[],
  range: { from: string; to: string; nowMs: number },
): string {
  const calendar = ical({
    name: 'Baton',
    prodId: { company: 'Baton', product: 'Calendar', language: 'EN' },
    method: ICalCalendarMethod.PUBLISH,
  });
  calendar.timezone({
    name: 'UTC',
    generator: (zone) => (zone === 'UTC' ? null : vtimezone(zone, range)),
  });
  for (const row of rows) {
    const { publication } = row;
    const masked = isMasked(row, range.nowMs);
    const zone = isTimeZone(publication.zone) ? publication.zone : 'UTC';
    calendar.createEvent({
      id: `${publication.id}@baton`,
      // Up with each change of the record, and once more when the embargo ends.
      sequence: publication.changedSeq * 2 + (masked ? 0 : 1),
      start: zonedAt(publication.at, zone),
      timezone: zone,
      stamp: zonedAt(publication.changedAt, 'UTC').toInstant(),
      lastModified: zonedAt(publication.changedAt, 'UTC').toInstant(),
      summary: summaryOf(row, masked),
      status: statusOf(row),
      transparency: ICalEventTransparency.TRANSPARENT,
      description: [publication.state, masked ? null : publication.permalink]
        .filter((part) => part !== null)
        .join('\n'),
    });
  }
  return calendar.toString();
}

function zonedAt(at: string, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.from(at).toZonedDateTimeISO(zone);
}

function isMasked({ publication, clockOffsetMs }: CalendarRow, nowMs: number): boolean {
  const { embargoUntil } = publication;
  return embargoUntil !== null && nowMs + clockOffsetMs < Date.parse(embargoUntil);
}

function summaryOf({ title, publication, accountName }: CalendarRow, masked: boolean): string {
  return `${masked ? 'Under embargo' : title} (${accountName ?? publication.channel})`;
}

function statusOf({ publication: { state } }: CalendarRow): ICalEventStatus {
  if (CANCELLED_STATES.includes(state)) return ICalEventStatus.CANCELLED;
  return state === 'tentative' ? ICalEventStatus.TENTATIVE : ICalEventStatus.CONFIRMED;
}
