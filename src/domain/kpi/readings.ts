import type { KpiInput } from './formula.ts';
import { type Reading, STATED_SOURCES } from './measures.ts';

/** What a figure is about. */
export type Scope =
  | 'campaign'
  | 'item'
  | `item:${string}`
  | `channel:${string}`
  | `publication:${string}`;

const HOURS: Record<string, number> = { h: 1, d: 24 };

/** Age of a checkpoint in hours; 0 for `baseline`, null for anything that is not a checkpoint. */
export function checkpointAgeHours(checkpoint: string): number | null {
  if (checkpoint === 'baseline') return 0;
  const [, amount, unit] = /^\+(\d{1,4})([hd])$/.exec(checkpoint) ?? [];
  const hours = HOURS[unit ?? ''];
  return amount === undefined || hours === undefined ? null : Number(amount) * hours;
}

type Origin = Pick<Reading, 'source' | 'createdBy'>;

/** True for a value that a person stated: settled at once, no day floor. */
export function isStated({ source, createdBy }: Origin): boolean {
  return createdBy !== undefined || STATED_SOURCES.some((stated) => stated === source);
}

/** True while the source may still change the number. */
export function isProvisionalReading(reading: Origin & Pick<Reading, 'provisional'>): boolean {
  return reading.provisional && !isStated(reading);
}

/** Clocks of people, sources and servers differ by this much. */
const CLOCK_SKEW_MS = 60_000;

/** True for an instant that is still to come. A reading as of then would be the latest for ever. */
export function isAhead(asOf: string, nowMs: number): boolean {
  return Date.parse(asOf) > nowMs + CLOCK_SKEW_MS;
}

export function readingScope(
  reading: Pick<Reading, 'publicationId' | 'channelAccountId'>,
): 'item' | `channel:${string}` | `publication:${string}` {
  if (reading.publicationId !== undefined) return `publication:${reading.publicationId}`;
  if (reading.channelAccountId !== undefined) return `channel:${reading.channelAccountId}`;
  return 'item';
}

/**
 * The readings that count: per measure, scope and checkpoint the one with the latest `asOf`. Equal
 * instants are told apart by id (ids grow, so the one recorded last wins). `+1d` and `+24h` are one
 * checkpoint. The result does not depend on the order of the input.
 */
export function latestReadings(readings: Iterable<Reading>): Reading[] {
  return latestBy(readings, seriesKey);
}

/**
 * As `latestReadings`, of what people stated and of what sources measured apart: what counts, and
 * what it outranks.
 */
export function latestOfEachOrigin(readings: Iterable<Reading>): Reading[] {
  return latestBy(readings, (reading) => `${seriesKey(reading)} ${isStated(reading)}`);
}

function latestBy(readings: Iterable<Reading>, keyOf: (reading: Reading) => string): Reading[] {
  const latest = new Map<string, Reading>();
  for (const reading of readings) {
    const key = keyOf(reading);
    const best = latest.get(key);
    if (best === undefined || compareReadings(reading, best) > 0) latest.set(key, reading);
  }
  return [...latest.keys()].sort(compareText).flatMap((key) => latest.get(key) ?? []);
}

/** Orders readings of one series by which counts more; total, so no two differing readings tie. */
function compareReadings(a: Reading, b: Reading): number {
  return (
    Date.parse(a.asOf) - Date.parse(b.asOf) ||
    compareText(a.id, b.id) ||
    compareText(a.source, b.source) ||
    a.value - b.value ||
    Number(b.provisional) - Number(a.provisional) ||
    compareText(a.definition ?? '', b.definition ?? '')
  );
}

/** What readings have in common of which one counts: measure, scope and checkpoint. */
export function seriesKey(reading: Reading): string {
  return `${reading.measure} ${readingScope(reading)} ${checkpointKey(reading.checkpoint)}`;
}

function checkpointKey(checkpoint: string | undefined): string {
  return checkpoint === undefined ? '' : String(checkpointAgeHours(checkpoint) ?? checkpoint);
}

/** By code unit: the same on every machine, unlike a locale's order. */
export function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** One known input of one scope: its value, and the reading that says so. */
export interface Cell {
  value: number;
  reading: Reading;
}

/** The cells of each scope at one checkpoint. */
export type CellsByScope = ReadonlyMap<string, ReadonlyMap<KpiInput, Cell>>;

/**
 * Lays the readings of one checkpoint out by scope. A reading that names no checkpoint fills in where
 * the checkpoint has none of its own. `null` asks for those alone.
 */
export function cellsAt(readings: Iterable<Reading>, checkpoint: string | null): CellsByScope {
  const age = checkpoint === null ? null : checkpointAgeHours(checkpoint);
  const cells = new Map<string, Map<KpiInput, Cell>>();
  const put = (reading: Reading, input: KpiInput) => {
    const scope = readingScope(reading);
    const row = cells.get(scope) ?? new Map<KpiInput, Cell>();
    row.set(input, { value: reading.value, reading });
    cells.set(scope, row);
  };
  const counting = latestReadings(readings);
  for (const reading of counting) {
    if (reading.checkpoint === undefined) put(reading, reading.measure);
  }
  for (const reading of counting) {
    const readingAge = checkpointAgeHours(reading.checkpoint ?? '');
    if (reading.measure === 'followers' && readingAge === 0) put(reading, 'followers_at_publish');
    if (readingAge !== null && readingAge === age) put(reading, reading.measure);
  }
  return cells;
}

/** Checkpoints that the readings name, oldest age first. */
export function checkpointsOf(readings: Iterable<Reading>): string[] {
  const names = new Map<number, string>();
  for (const { checkpoint } of readings) {
    const age = checkpointAgeHours(checkpoint ?? '');
    if (checkpoint === undefined || age === null || age === 0) continue;
    const name = names.get(age);
    if (name === undefined || compareText(checkpoint, name) < 0) names.set(age, checkpoint);
  }
  return [...names].sort(([a], [b]) => b - a).map(([, name]) => name);
}
