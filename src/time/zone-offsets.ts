import { Temporal } from 'temporal-polyfill';

/** A stretch of time, in epoch milliseconds, throughout which a zone has one offset. */
interface Span {
  from: number;
  until: number;
  offsetMs: number;
}

/** Larger than any change of an offset: no wall time so far from both ends of a span is doubtful. */
const DAY_MS = 86_400_000;

const MAX_ZONES = 1_000;
const MAX_SPANS = 64;

/**
 * Spans that were looked up, by zone. They follow from the time-zone rules of this Node alone, so one
 * copy serves everyone; a look-up costs a hundred times what finding a known span does.
 */
const known = new Map<string, Span[]>();

/** How far a zone's wall clock is ahead of UTC at an instant, in milliseconds. */
export function offsetAt(epochMs: number, zone: string): number {
  return spanAt(epochMs, zone).offsetMs;
}

/**
 * The instant at which the wall clock of a zone shows a time. One that is skipped is taken as late as it
 * is skipped; of one that comes twice the first counts.
 * @param wallMs the wall time as if it were UTC, in epoch milliseconds
 * @returns epoch milliseconds
 */
export function instantOfWall(wallMs: number, zone: string): number {
  const { from, until, offsetMs } = spanAt(wallMs, zone);
  const epochMs = wallMs - offsetMs;
  const isPlain =
    Math.min(epochMs, wallMs) >= from + DAY_MS && Math.max(epochMs, wallMs) < until - DAY_MS;
  return isPlain ? epochMs : resolve(wallMs, zone);
}

function resolve(wallMs: number, zone: string): number {
  const wall = new Date(wallMs).toISOString().slice(0, -1);
  return Temporal.PlainDateTime.from(wall).toZonedDateTime(zone, { disambiguation: 'compatible' })
    .epochMilliseconds;
}

function spanAt(epochMs: number, zone: string): Span {
  const spans = known.get(zone) ?? [];
  const span = spans.find(({ from, until }) => from <= epochMs && epochMs < until);
  if (span !== undefined) return span;
  const found = lookUp(epochMs, zone);
  if (known.size >= MAX_ZONES) known.clear();
  known.set(zone, [...spans.slice(1 - MAX_SPANS), found]);
  return found;
}

function lookUp(epochMs: number, zone: string): Span {
  const at = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  // From a millisecond later, because a change at this very instant begins the span.
  const previous = at(epochMs + 1).getTimeZoneTransition('previous');
  const next = at(epochMs).getTimeZoneTransition('next');
  return {
    from: previous?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    until: next?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offsetMs: at(epochMs).offsetNanoseconds / 1_000_000,
  };
}
