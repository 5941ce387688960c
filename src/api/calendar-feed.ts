import ical, { ICalCalendarMethod, ICalEventStatus, ICalEventTransparency } from 'ical-generator';
import { Temporal } from 'temporal-polyfill';
import type { FeedRow } from '../db/calendar/calendar.ts';
import { ENDED_STATES, UNRESOLVED_STATES } from '../domain/item/publication-states.ts';
import { jobOf } from '../threads/threads.ts';
import { vtimezone } from '../time/vtimezone.ts';
import { isTimeZone } from '../time/zoned-time.ts';

/**
 * Publications as an iCalendar feed. What is cancelled says so instead of vanishing, what is in doubt is
 * not confirmed, a title under embargo is masked, and the same rows always give the same bytes.
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
    method: ICalCalendarMethod.PUBLISH,
  });
  calendar.timezone({
    name: 'UTC',
    generator: (zone) => (zone === 'UTC' ? null : vtimezone(zone, range)),
  });
  for (const row of rows) {
    const { publication } = row;
    const masked = isMasked(row, range.nowMs);
    const changed = Temporal.Instant.from(lastChangeOf(row, masked));
    const zone = isTimeZone(publication.zone) ? publication.zone : 'UTC';
    calendar.createEvent({
      id: `${publication.id}@baton`,
      // Up with each change of the record or of a name in its title, and once more when the embargo ends.
      sequence: (publication.changedSeq + row.renames) * 2 + (masked ? 0 : 1),
      start: zonedAt(publication.at, zone),
      timezone: zone,
      stamp: changed,
      lastModified: changed,
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

export const CALENDAR_FEED = jobOf(import.meta, calendarFeed);

function zonedAt(at: string, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.from(at).toZonedDateTimeISO(zone);
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
