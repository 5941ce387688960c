import { Temporal } from 'temporal-polyfill';
import type { CsvMapping, CsvMeasure, DateFormat } from '../../domain/csv/mapping.ts';
import { Instant } from '../../domain/instant.ts';
import { readNumber } from '../readings/number-text.ts';

/** What a cell says, or why it says nothing. */
export type Cell<T> = { value: T } | { message: string };

/** Of a number or a time. */
const LONGEST_CELL = 60;

/** How exports write that nothing is known. It is never 0. */
const NOTHING: ReadonlySet<string> = new Set(['', '-', '–', '—', '--', 'n/a', 'N/A']);

export function isNothing(text: string): boolean {
  return NOTHING.has(text);
}

const GROUP = "[ '’\\u00A0\\u2007\\u2009\\u202F";
const WRITTEN = {
  point: new RegExp(`^[-−]?(?:\\d+|[1-9]\\d{0,2}(?:${GROUP},]\\d{3})+)(?:\\.\\d+)?$`, 'u'),
  comma: new RegExp(`^[-−]?(?:\\d+|[1-9]\\d{0,2}(?:${GROUP}.]\\d{3})+)(?:,\\d+)?$`, 'u'),
};

/** A number with the decimal mark of the mapping, or one that is the same in every language. */
export function readAmount(text: string, numbers: CsvMapping['numbers']): Cell<number> {
  if (/^\d{1,15}$/.test(text)) return { value: Number(text) };
  if (text.length > LONGEST_CELL) return { message: `${shown(text)} is too long for a number` };
  if (/^[=@+]/.test(text)) return { message: `${shown(text)} is a formula: save its value` };
  if (numbers !== 'unambiguous' && WRITTEN[numbers].test(text)) {
    const mark = numbers === 'point' ? '.' : ',';
    const digits = [...text].filter((one) => /\d/.test(one) || one === mark).join('');
    if (digits.replace(/^[0.,]+/, '').replace(mark, '').length > 15) {
      return { message: `${shown(text)} has more than 15 digits` };
    }
    const size = Number(digits.replace(',', '.'));
    return { value: /^[-−]/.test(text) ? -size : size };
  }
  const number = readNumber(text);
  if ('readings' in number) {
    const [small, large] = number.readings;
    return {
      message: `${shown(text)} may be ${small} or ${large}: state the decimal mark of the file`,
    };
  }
  if ('problem' in number) return { message: `${shown(text)} ${number.problem.message}` };
  if (numbers === 'unambiguous') return number;
  return {
    message: `${shown(text)} is not written with a decimal ${numbers}, as the mapping says`,
  };
}

/**
 * What a rate or an average is of. A rate is a count that was divided, so that it has to lead back to one
 * whole number within the digits it is written with; an average does not.
 */
export function readShare(
  text: string,
  whole: number,
  { unit, numbers }: { unit: CsvMeasure['unit']; numbers: CsvMapping['numbers'] },
): Cell<number> {
  const isPercent = text.endsWith('%');
  if (isPercent && unit !== 'percent') {
    return { message: `${shown(text)} is a percentage where the mapping says ${unit}` };
  }
  const digits = isPercent ? text.slice(0, -1).trim() : text;
  // One decimal group of three is a rate all the same: a rate has no thousands.
  const cell = readAmount(digits, /^\d{1,3}[.,]\d+$/.test(digits) ? markOf(digits) : numbers);
  if ('message' in cell) return cell;
  if (unit === 'average') return { value: cell.value * whole };
  const per = unit === 'percent' ? 100 : 1;
  if (cell.value < 0 || cell.value > per) {
    return { message: `${shown(text)} is not between 0 and ${per}: the mapping says ${unit}` };
  }
  const decimals = /[.,](\d+)$/.exec(digits)?.[1]?.length ?? 0;
  // A program writes a fraction as it is, 0.4 and 0; people's percentages are rounded.
  const isExact = unit === 'fraction' && decimals < ROUNDED_FROM;
  const half = (isExact ? 0 : 0.5 / 10 ** decimals / per) * whole + 1e-9 * whole;
  const exact = (cell.value / per) * whole;
  const first = Math.max(0, Math.ceil(exact - half));
  const last = Math.min(whole, Math.floor(exact + half));
  if (first === last) return { value: first };
  const message =
    first > last
      ? `${shown(text)} of ${whole} is no whole number`
      : `${shown(text)} of ${whole} may be ${first} to ${last}: a rate with more digits is needed`;
  return { message };
}

/** Decimals of a fraction that may be cut off. */
const ROUNDED_FROM = 4;

function markOf(digits: string): 'point' | 'comma' {
  return digits.includes('.') ? 'point' : 'comma';
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/;
const LOCAL_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)$/;
const DAYS: Record<DateFormat, RegExp> = {
  iso: /^(?<y>\d{4})-(?<m>\d\d)-(?<d>\d\d)$/,
  ymd: /^(?<y>\d{4})[-./]?(?<m>\d\d)[-./]?(?<d>\d\d)$/,
  dmy: /^(?<d>\d{1,2})[-./](?<m>\d{1,2})[-./](?<y>\d{4})$/,
  mdy: /^(?<m>\d{1,2})[-./](?<d>\d{1,2})[-./](?<y>\d{4})$/,
};

/** An instant, or the end of a day in the zone: what is counted on a day is known when it is over. */
export function readAsOf(text: string, of: { format: DateFormat; zone: string }): Cell<string> {
  if (text.length > LONGEST_CELL) return { message: `${shown(text)} is too long for a time` };
  const cell = instantIn(text, of);
  if ('message' in cell || Instant.safeParse(cell.value).success) return cell;
  return { message: `${shown(text)} is not of a year from 1970 to 2199` };
}

function instantIn(
  text: string,
  { format, zone }: { format: DateFormat; zone: string },
): Cell<string> {
  const how = `write it as ${EXAMPLES[format]}`;
  try {
    if (INSTANT.test(text))
      return { value: new Date(Temporal.Instant.from(text).epochMilliseconds).toISOString() };
    const [, day, time] = LOCAL_TIME.exec(text) ?? [];
    if (day !== undefined && time !== undefined) {
      const local = Temporal.PlainDateTime.from(`${day}T${time}`);
      return { value: isoOf(local.toZonedDateTime(zone, { disambiguation: 'reject' })) };
    }
    const { y, m, d } = DAYS[format].exec(text)?.groups ?? {};
    if (y === undefined) return { message: `${shown(text)} is not a time of this mapping: ${how}` };
    const fields = { year: Number(y), month: Number(m), day: Number(d) };
    const date = Temporal.PlainDate.from(fields, { overflow: 'reject' });
    return { value: isoOf(date.add({ days: 1 }).toZonedDateTime(zone)) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { message: `${shown(text)} is no time, or one that ${zone} has twice or never: ${how}` };
  }
}

const EXAMPLES: Record<DateFormat, string> = {
  iso: '2026-03-02 or 2026-03-02T08:00:00Z',
  ymd: '20260302',
  dmy: '02/03/2026 for the second of March',
  mdy: '03/02/2026 for the second of March',
};

function isoOf({ epochMilliseconds }: Temporal.ZonedDateTime): string {
  return new Date(epochMilliseconds).toISOString();
}

/** A cell as a message repeats it. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
