import { Temporal } from 'temporal-polyfill';

/**
 * A zone as iCalendar defines it (RFC 5545, 3.6.5), right for every instant of a range: one observance
 * for the start of the range and one for each change of the offset in it.
 * @param from ISO instant
 * @param to ISO instant
 */
export function vtimezone(zone: string, { from, to }: { from: string; to: string }): string {
  const start = zonedAt(Date.parse(from), zone);
  const lines = ['BEGIN:VTIMEZONE', `TZID:${zone}`];
  const first = offsetText(start.offsetNanoseconds);
  lines.push(...observance({ kind: 'STANDARD', onset: '19700101T000000', from: first, to: first }));
  let change = start.getTimeZoneTransition('next');
  while (change !== null && change.epochMilliseconds < Date.parse(to)) {
    const before = zonedAt(change.epochMilliseconds - 1, zone);
    const onset = change.toInstant().toZonedDateTimeISO(before.offset).toPlainDateTime();
    lines.push(
      ...observance({
        kind: change.offsetNanoseconds > before.offsetNanoseconds ? 'DAYLIGHT' : 'STANDARD',
        onset: onset.toString({ smallestUnit: 'second' }).replaceAll(/[-:]/g, ''),
        from: offsetText(before.offsetNanoseconds),
        to: offsetText(change.offsetNanoseconds),
      }),
    );
    change = change.getTimeZoneTransition('next');
  }
  return [...lines, 'END:VTIMEZONE'].join('\r\n');
}

function observance({
  kind,
  onset,
  from,
  to,
}: {
  kind: 'STANDARD' | 'DAYLIGHT';
  /** By the wall clock before the change. */
  onset: string;
  from: string;
  to: string;
}): string[] {
  return [
    `BEGIN:${kind}`,
    `DTSTART:${onset}`,
    `TZOFFSETFROM:${from}`,
    `TZOFFSETTO:${to}`,
    `END:${kind}`,
  ];
}

function zonedAt(epochMs: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(epochMs).toZonedDateTimeISO(zone);
}

function offsetText(nanoseconds: number): string {
  const seconds = Math.abs(nanoseconds) / 1_000_000_000;
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const rest = seconds % 60;
  if (rest !== 0) parts.push(rest);
  const digits = parts.map((part) => String(part).padStart(2, '0')).join('');
  return `${nanoseconds < 0 ? '-' : '+'}${digits}`;
}
