import { DateTime, IANAZone } from 'luxon';
import { weeklyOccurrences } from '../../src/time/weekly-occurrences.ts';
import { instantToLocal, resolveLocalTime } from '../../src/time/zoned-time.ts';

/** Line R11: our clock arithmetic against a second library, around every change of an offset. */
export interface DstReport {
  zones: number;
  transitions: number;
  /** Pairs of an answer of ours and one of the second library. */
  pairs: number;
  disagreements: number;
  /** The first few, in words. */
  examples: string[];
}

export interface DstQuestion {
  zones: readonly string[];
  /** First year, and how many of them. */
  from: number;
  years: number;
  /** What is checked; a control puts something else in its place. */
  resolve?: typeof resolveLocalTime;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** No zone changes its offset twice within so short a time. */
const SCAN_MS = 12 * HOUR_MS;
const QUARTER_MS = HOUR_MS / 4;
/** Wall times are compared from so long before a change to so long after it. */
const AROUND_MS = 3 * HOUR_MS;
/** Slots are compared from so long before a change, over two days. */
const BEFORE_MS = 12 * HOUR_MS;
const MAX_EXAMPLES = 10;

export function compareZones({
  zones,
  from,
  years,
  resolve = resolveLocalTime,
}: DstQuestion): DstReport {
  const report: DstReport = {
    zones: zones.length,
    transitions: 0,
    pairs: 0,
    disagreements: 0,
    examples: [],
  };
  const same = (what: string, ours: unknown, theirs: unknown): void => {
    report.pairs += 1;
    const [mine, other] = [JSON.stringify(ours), JSON.stringify(theirs)];
    if (mine === other) return;
    report.disagreements += 1;
    if (report.examples.length < MAX_EXAMPLES) {
      report.examples.push(`${what}: ours ${mine}, theirs ${other}`);
    }
  };
  for (const zone of zones) {
    const plain = Array.from({ length: years * 4 }, (_, n) => Date.UTC(from, n * 3, 11, 5));
    const changes = transitionsOf(zone, Date.UTC(from), Date.UTC(from + years));
    report.transitions += changes.length;
    for (const change of [...changes, ...plain]) {
      compareInstants(zone, change, same);
      for (const local of wallTimesAround(zone, change)) {
        same(
          `${local} in ${zone}`,
          ourReading(resolve({ local, zone })),
          theirReading(local, zone),
        );
      }
    }
    for (const change of changes) compareWeekly(zone, change, same);
  }
  return report;
}

type Compare = (what: string, ours: unknown, theirs: unknown) => void;

function compareInstants(zone: string, change: number, same: Compare): void {
  for (const ms of [change - 1, change, change + 1, change - HOUR_MS, change + HOUR_MS]) {
    const at = new Date(ms).toISOString();
    same(`wall clock of ${zone} at ${at}`, minute(instantToLocal({ at, zone })), wallAt(ms, zone));
  }
}

function minute(local: string | null): string | null {
  return local?.slice(0, 16) ?? null;
}

function wallAt(ms: number, zone: string): string {
  return DateTime.fromMillis(ms, { zone }).toFormat("yyyy-MM-dd'T'HH:mm");
}

/** Every half hour of every weekday as a slot: each one comes once a day, in the order of instants. */
const ALL_SLOTS = [1, 2, 3, 4, 5, 6, 7].flatMap((weekday) =>
  Array.from({ length: 48 }, (_, half) => ({
    weekday,
    time: `${String(half >> 1).padStart(2, '0')}:${half % 2 === 0 ? '00' : '30'}`,
  })),
);

function compareWeekly(zone: string, change: number, same: Compare): void {
  const after = new Date(change - BEFORE_MS).toISOString();
  const ours = [...weeklyOccurrences({ slots: ALL_SLOTS, zone, after, days: 1 })];
  const first = DateTime.fromMillis(change - BEFORE_MS, { zone });
  const theirs = [0, 1].flatMap((day) => {
    const date = first.plus({ days: day }).toFormat('yyyy-MM-dd');
    return ALL_SLOTS.slice(0, 48)
      .map(({ time }) => theirSlot(`${date}T${time}`, zone))
      .sort((a, b) => a - b)
      .filter((ms) => ms > change - BEFORE_MS);
  });
  same(`slots in ${zone} after ${after}`, ours.length, theirs.length);
  ours.forEach(({ at, local }, index) => {
    const ms = theirs[index] ?? 0;
    same(
      `slot ${index} in ${zone} after ${after}`,
      [at, minute(local)],
      [new Date(ms).toISOString(), wallAt(ms, zone)],
    );
  });
}

/** A skipped wall time is as late as it is skipped; of a repeated one the first counts. */
function theirSlot(local: string, zone: string): number {
  const reading = theirReading(local, zone);
  return Date.parse(reading.kind === 'skipped' ? (reading.at[1] ?? '') : (reading.at[0] ?? ''));
}

interface Reading {
  kind: 'once' | 'twice' | 'skipped' | 'unreadable';
  at: string[];
}

function ourReading(time: ReturnType<typeof resolveLocalTime>): Reading {
  if (time.ok) return { kind: 'once', at: [time.at] };
  if (!('choices' in time)) return { kind: 'unreadable', at: [] };
  const at = time.choices.map((choice) => choice.at);
  return { kind: time.code === 'time_exists_twice' ? 'twice' : 'skipped', at };
}

/**
 * By definition: an instant at which the second library's clock of the zone shows the wall time. Its
 * offsets are asked, not its parser: that guesses from today's offset, and misses wall times near a
 * change where the zone has moved since (2021-03-27T23:00 in America/Scoresbysund).
 */
function theirReading(local: string, zone: string): Reading {
  const wall = Date.parse(`${local}Z`);
  const offsets = [...new Set([wall - DAY_MS, wall + DAY_MS].map((ms) => offsetAt(zone, ms)))];
  const candidates = offsets.map((offset) => wall - offset).sort((a, b) => a - b);
  const shown = candidates.filter((ms) => ms + offsetAt(zone, ms) === wall);
  const iso = (list: readonly number[]) => list.map((ms) => new Date(ms).toISOString());
  // Skipped: read once with the offset before the gap and once with the one after it.
  if (shown.length === 0) return { kind: 'skipped', at: iso(candidates) };
  return { kind: shown.length > 1 ? 'twice' : 'once', at: iso(shown) };
}

function wallTimesAround(zone: string, change: number): string[] {
  const offsets = [change - 1, change].map((ms) => offsetAt(zone, ms));
  const walls = new Set<string>();
  for (const offset of offsets) {
    const center = change + offset;
    const start =
      center - AROUND_MS - ((((center - AROUND_MS) % QUARTER_MS) + QUARTER_MS) % QUARTER_MS);
    for (let ms = start; ms <= center + AROUND_MS; ms += QUARTER_MS) {
      walls.add(new Date(ms).toISOString().slice(0, 16));
    }
  }
  return [...walls];
}

/** Milliseconds. */
function offsetAt(zone: string, ms: number): number {
  return IANAZone.create(zone).offset(ms) * 60_000;
}

/** Instants at which the second library sees another offset than a millisecond before. */
function transitionsOf(zone: string, from: number, to: number): number[] {
  const found: number[] = [];
  let after = offsetAt(zone, from);
  for (let ms = from; ms < to; ms += SCAN_MS) {
    const before = after;
    after = offsetAt(zone, ms + SCAN_MS);
    if (before === after) continue;
    let [low, high] = [ms, ms + SCAN_MS];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetAt(zone, middle) === before) low = middle;
      else high = middle;
    }
    found.push(high);
  }
  return found;
}
