import { MACHINE_RULES, type MachineRules } from '../domain/item/machine/rules.ts';
import type { Duration } from '../domain/playbook/playbook.ts';
import { publicHolidays } from './public-holidays.ts';
import { instantOfWall, offsetAt } from './zone-offsets.ts';
import { isTimeZone } from './zoned-time.ts';

/** When a workspace works, in its own wall time. */
export interface BusinessCalendar {
  /** IANA zone. */
  zone: string;
  /** ISO weekdays, 1 = Monday … 7 = Sunday. */
  workdays: readonly number[];
  /** Opening time of a working day, `HH:MM`. */
  from: string;
  /** Closing time, `HH:MM`, after `from`; `24:00` is midnight. */
  to: string;
  /** Country (or region) whose public holidays are not worked; see `publicHolidays`. */
  holidaysCountry?: string | null | undefined;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A run of days this long without a working day means that the calendar has none. */
const LONGEST_CLOSURE_DAYS = 366;

/** A checked calendar; opening and closing are milliseconds of the wall clock after midnight. */
interface Opening {
  zone: string;
  workdays: ReadonlySet<number>;
  openMs: number;
  closeMs: number;
  holidaysCountry: string | null;
}

/**
 * The steps of a stage clock at 50, 80, 100 and 150 % of its duration.
 * - `minutes`, `hours`: on every clock.
 * - `business_hours`: hours in which the workspace is open, as they elapse (a day of 23 or 25 hours included).
 * - `business_days`: the same wall time so many working days later; what starts while closed starts at the
 *   next opening and so ends at a closing time.
 * @param start ISO 8601 instant at which the stage was entered
 * @returns ISO 8601 UTC instants, in order
 * @throws RangeError when the start or a field of the calendar is not valid; the message names it
 */
export function clockSteps(
  start: string,
  duration: Duration,
  calendar: BusinessCalendar,
  [half, most, full, over]: MachineRules['clockPercents'] = MACHINE_RULES.clockPercents,
): [half: string, most: string, full: string, over: string] {
  const opening = openingOf(calendar);
  const startMs = parseInstant(start);
  const at = (percent: number): string =>
    deadline(startMs, { ...duration, amount: duration.amount * (percent / 100) }, opening);
  return [at(half), at(most), at(full), at(over)];
}

function deadline(startMs: number, { amount, unit }: Duration, opening: Opening): string {
  return new Date(deadlineMs(startMs, amount, unit, opening)).toISOString();
}

function deadlineMs(
  startMs: number,
  amount: number,
  unit: Duration['unit'],
  opening: Opening,
): number {
  switch (unit) {
    case 'minutes':
      return Math.round(startMs + amount * MINUTE_MS);
    case 'hours':
      return Math.round(startMs + amount * HOUR_MS);
    case 'business_hours':
      return afterOpenTime(startMs, Math.round(amount * HOUR_MS), opening);
    case 'business_days':
      return afterWallTime(
        startMs,
        Math.round(amount * (opening.closeMs - opening.openMs)),
        opening,
      );
  }
}

/** Counts time as it elapses between opening and closing. */
function afterOpenTime(startMs: number, lengthMs: number, opening: Opening): number {
  let left = lengthMs;
  for (const day of workdaysFrom(wallOf(startMs, opening.zone).day, opening)) {
    const from = Math.max(startMs, instantOfWall(day * DAY_MS + opening.openMs, opening.zone));
    const open = instantOfWall(day * DAY_MS + opening.closeMs, opening.zone) - from;
    if (left <= open) return from + left;
    left -= Math.max(0, open);
  }
  return startMs;
}

/** Counts the wall clock's time between opening and closing, so a working day is one whatever its length. */
function afterWallTime(startMs: number, lengthMs: number, opening: Opening): number {
  const start = wallOf(startMs, opening.zone);
  let left = lengthMs;
  for (const day of workdaysFrom(start.day, opening)) {
    const from = day === start.day ? Math.max(start.timeMs, opening.openMs) : opening.openMs;
    const open = opening.closeMs - from;
    // In an hour that happens twice the wall clock may point back before the start.
    if (left <= open)
      return Math.max(startMs, instantOfWall(day * DAY_MS + from + left, opening.zone));
    left -= Math.max(0, open);
  }
  return startMs;
}

/** Working days from a day on, without end. */
function* workdaysFrom(firstDay: number, opening: Opening): Generator<number> {
  for (let day = firstDay, closed = 0; ; day += 1) {
    if (isWorkday(day, opening)) {
      closed = 0;
      yield day;
    } else if (++closed > LONGEST_CLOSURE_DAYS) {
      throw new RangeError('workdays: the calendar has no working day within a year');
    }
  }
}

function isWorkday(day: number, { workdays, holidaysCountry }: Opening): boolean {
  const weekday = ((((day + 3) % 7) + 7) % 7) + 1;
  if (!workdays.has(weekday)) return false;
  if (holidaysCountry === null) return true;
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
  return !publicHolidays(holidaysCountry, Number(date.slice(0, 4))).has(date);
}

/** The day and the time of day that the wall clock shows at an instant. */
function wallOf(epochMs: number, zone: string): { day: number; timeMs: number } {
  const wallMs = epochMs + offsetAt(epochMs, zone);
  const day = Math.floor(wallMs / DAY_MS);
  return { day, timeMs: wallMs - day * DAY_MS };
}

function parseInstant(text: string): number {
  const epochMs = Date.parse(text);
  if (Number.isNaN(epochMs)) throw new RangeError(`start: ${text} is not an instant`);
  return epochMs;
}

/** Checked calendars by content: a check asks for the zone's rules, which costs more than the arithmetic. */
const checked = new Map<string, Opening>();
const MAX_CHECKED = 1_000;

function openingOf(calendar: BusinessCalendar): Opening {
  const { zone, workdays, from, to, holidaysCountry } = calendar;
  const content = JSON.stringify([zone, workdays, from, to, holidaysCountry]);
  const known = checked.get(content);
  if (known !== undefined) return known;
  const opening = checkedOpening(calendar);
  if (checked.size >= MAX_CHECKED) checked.clear();
  checked.set(content, opening);
  return opening;
}

function checkedOpening(calendar: BusinessCalendar): Opening {
  const openMs = timeOfDay('from', calendar.from);
  const closeMs = timeOfDay('to', calendar.to);
  if (closeMs <= openMs) {
    throw new RangeError(`to: ${calendar.to} is not after from, ${calendar.from}`);
  }
  if (!isTimeZone(calendar.zone)) {
    throw new RangeError(`zone: ${calendar.zone} is not an IANA time zone`);
  }
  const workdays = new Set(calendar.workdays);
  if (workdays.size === 0 || ![...workdays].every((day) => [1, 2, 3, 4, 5, 6, 7].includes(day))) {
    throw new RangeError('workdays: must be ISO weekdays, 1 to 7, at least one');
  }
  return {
    zone: calendar.zone,
    workdays,
    openMs,
    closeMs,
    holidaysCountry: calendar.holidaysCountry ?? null,
  };
}

function timeOfDay(field: 'from' | 'to', text: string): number {
  const match = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text);
  const minutes = Number(match?.[1]) * 60 + Number(match?.[2]);
  if (!match || minutes > 24 * 60) throw new RangeError(`${field}: ${text} is not a time, HH:MM`);
  return minutes * MINUTE_MS;
}
