import type { KpiInput } from './formula.ts';
import { type Reading, STATED_SOURCES } from './measures.ts';

/** What a figure is about. */
export type Scope =
  | 'campaign'
  | 'item'
  | `item:${string}`
  | `channel:${string}`
  | `publication:${string}`;

/** Age of a checkpoint in hours; 0 for `baseline`, null for anything that is not a checkpoint. */
export function checkpointAgeHours(checkpoint: string): number | null {
  if (checkpoint === 'baseline') return 0;
  if (!/^\+\d{1,4}[hd]$/.test(checkpoint)) return null;
  const hours = checkpoint.endsWith('d') ? 24 : 1;
  return Number(checkpoint.slice(1, -1)) * hours;
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
export function latestReadings<One extends Reading>(readings: Iterable<One>): One[] {
  return latestBy(readings, seriesKey);
}

/**
 * As `latestReadings`, of what people stated and of what sources measured apart: what counts, and
 * what it outranks.
 */
export function latestOfEachOrigin(readings: Iterable<Reading>): Reading[] {
  return latestBy(readings, (reading) => `${seriesKey(reading)} ${isStated(reading)}`);
}

function latestBy<One extends Reading>(
  readings: Iterable<One>,
  keyOf: (reading: Reading) => string,
): One[] {
  const latest = new Map<string, One>();
  for (const reading of readings) {
    const key = keyOf(reading);
    const best = latest.get(key);
    if (best === undefined || compareReadings(reading, best) > 0) latest.set(key, reading);
  }
  // By code unit, as `compareText`.
  return [...latest.keys()].sort().flatMap((key) => latest.get(key) ?? []);
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
export function seriesKey(
  reading: Pick<Reading, 'measure' | 'publicationId' | 'channelAccountId' | 'checkpoint'>,
): string {
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
  /** Of a sum: what went into it. */
  many?: ManyCells;
}

/** What a sum of cells still has to say of them. */
export interface ManyCells {
  count: number;
  largest: number;
  /** Of an account's followers, of which one counts: the first and the last one read. */
  first?: Cell;
  last?: Cell;
}

/** A reading, or the sum of as many as have everything but their value and time in common. */
export interface SummedReading extends Reading {
  many?: ManyCells;
}

/** The cells of each scope at one checkpoint. */
export type CellsByScope = ReadonlyMap<string, ReadonlyMap<KpiInput, Cell>>;

/**
 * Lays the readings of one checkpoint after another out by scope; goes through them once. A reading that
 * names no checkpoint fills in where the checkpoint has none of its own. `null` asks for those alone.
 */
export function cellsOf(
  readings: Iterable<SummedReading>,
): (checkpoint: string | null) => CellsByScope {
  const counting = latestReadings(readings);
  const unlabelled = counting.filter(({ checkpoint }) => checkpoint === undefined);
  const byAge = Map.groupBy(counting, ({ checkpoint }) => checkpointAgeHours(checkpoint ?? ''));
  const atPublish = byAge.get(0)?.filter(({ measure }) => measure === 'followers') ?? [];
  return (checkpoint) => {
    const age = checkpoint === null ? null : checkpointAgeHours(checkpoint);
    const cells = new Map<string, Map<KpiInput, Cell>>();
    const put = (reading: SummedReading, input: KpiInput) => {
      const scope = readingScope(reading);
      const row = cells.get(scope) ?? new Map<KpiInput, Cell>();
      const { value, many } = reading;
      row.set(input, { value, reading, ...(many !== undefined && { many }) });
      cells.set(scope, row);
    };
    for (const reading of unlabelled) put(reading, reading.measure);
    for (const reading of atPublish) put(reading, 'followers_at_publish');
    const labelled = age === null ? [] : (byAge.get(age) ?? []);
    for (const reading of labelled) put(reading, reading.measure);
    return cells;
  };
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

/** How many figures a list of cells stands for. */
export function countOf(cells: readonly Cell[]): number {
  return cells.reduce((count, { many }) => count + (many?.count ?? 1), 0);
}
