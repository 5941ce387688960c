import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { MACHINE_VERSION } from '../../src/domain/item/item.machine.ts';
import { itemRowOf } from '../../src/domain/item/row.ts';
import { placeOf, stepItem, unmetFor } from '../../src/domain/item/run.ts';
import type { ItemSnapshot } from '../../src/domain/item/snapshot.ts';
import {
  NewerSnapshot,
  readSnapshot,
  snapshotToGoOn,
} from '../../src/domain/item/versions/migrate.ts';
import { MIGRATIONS } from '../../src/domain/item/versions/migrations.ts';
import { asOfVersion, EARLIER_STEPS, ONE_BEFORE, TWO_BEFORE } from './earlier-versions.ts';
import { CAST } from './item-fixture.ts';
import { graphOf, oneOfAKind, stateValueOf } from './item-graph.ts';
import { faultsOf } from './item-invariants.ts';
import { RUN_AT, toRefused } from './item-journeys.ts';
import { WORLDS } from './item-worlds.ts';

// Thousands of states take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** One snapshot of each kind that the machine's paths lead to, as a row holds it. */
function presentSnapshots(): ItemSnapshot[] {
  const nodes = Object.values(WORLDS)
    .slice(0, 1)
    .flatMap(({ world, bounds }) => oneOfAKind([...graphOf(world, bounds).values()]));
  const states = [...Object.values(RUN_AT).map((make) => make()), toRefused(), ...nodes];
  const snapshots = states.map(({ place, context }) => ({
    machineVersion: MACHINE_VERSION,
    value: stateValueOf(place),
    context,
  }));
  return JSON.parse(JSON.stringify(snapshots));
}

const PRESENT = presentSnapshots();

function fileOf(version: number): string {
  return join(import.meta.dirname, 'snapshots', `v${version}.json.gz`);
}

// `npm run snapshots:record`: what is recorded of a version stays.
if (process.env['RECORD_SNAPSHOTS'] === '1' && !existsSync(fileOf(MACHINE_VERSION))) {
  mkdirSync(dirname(fileOf(MACHINE_VERSION)), { recursive: true });
  writeFileSync(fileOf(MACHINE_VERSION), gzipSync(JSON.stringify(PRESENT), { level: 9 }));
}

function recorded(version: number): ItemSnapshot[] {
  return JSON.parse(gunzipSync(readFileSync(fileOf(version))).toString('utf8'));
}

const VERSIONS = Array.from({ length: MACHINE_VERSION }, (_, index) => index + 1);

/** Every path to a field, lists by their entries and records of channels and roles by one name. */
function shapeOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((entry) => shapeOf(entry, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, field]) =>
    shapeOf(field, path.endsWith('variants') ? `${path}.*` : `${path}.${key}`),
  );
}

function shapesOf(snapshots: readonly ItemSnapshot[]): string[] {
  return [...new Set(snapshots.flatMap((one) => [...shapeOf(one), `at ${placeOf(one)}`]))].sort();
}

describe('the versions of the machine', () => {
  it('have a step from each to the next, and no other', () => {
    expect(Object.keys(MIGRATIONS).map(Number)).toEqual(VERSIONS.slice(0, -1));
  });

  it('have their snapshots recorded: of this one by `npm run snapshots:record`', () => {
    expect(VERSIONS.filter((version) => !existsSync(fileOf(version)))).toEqual([]);
  });

  it('are raised when the shape of a snapshot changes', () => {
    expect(shapesOf(PRESENT)).toEqual(shapesOf(recorded(MACHINE_VERSION)));
  });

  it.each(VERSIONS)('lead from %i to this one, wherever an item was', (version) => {
    const read = recorded(version).map((snapshot) => readSnapshot(snapshot));
    const faults = read.flatMap((one) => faultsOf({ place: placeOf(one), context: one.context }));
    expect([...new Set(faults)]).toEqual([]);
    for (const one of read) {
      expect(one.machineVersion).toBe(MACHINE_VERSION);
      expect(itemRowOf(one, 1).snapshot).toEqual(one);
    }
  });
});

describe('steps of two versions that never were', () => {
  const options = { steps: EARLIER_STEPS };

  it.each([TWO_BEFORE, ONE_BEFORE])('lead from %i to this one from every state', (version) => {
    for (const snapshot of PRESENT) {
      const earlier = asOfVersion(snapshot, version);
      const text = JSON.stringify(earlier);
      expect(readSnapshot(earlier, options)).toEqual(snapshot);
      // Pure: a row is read again and again.
      expect(JSON.stringify(earlier)).toBe(text);
      expect(readSnapshot(earlier, options)).toEqual(snapshot);
    }
  });

  it('are not taken by a snapshot of this version', () => {
    for (const snapshot of PRESENT) expect(readSnapshot(snapshot, options)).toBe(snapshot);
  });

  it('end where one is missing', () => {
    const [snapshot] = PRESENT;
    if (snapshot === undefined) throw new Error('there are snapshots');
    const steps = { [TWO_BEFORE]: EARLIER_STEPS[TWO_BEFORE] } as typeof EARLIER_STEPS;
    const earlier = asOfVersion(snapshot, TWO_BEFORE);
    expect(() => readSnapshot(earlier, { steps })).toThrow(`machine version ${ONE_BEFORE}`);
    expect(() => readSnapshot(earlier)).toThrow(RangeError);
    expect(() => snapshotToGoOn(earlier)).toThrow(RangeError);
    expect(() => readSnapshot(snapshot, { to: MACHINE_VERSION + 1 })).toThrow(RangeError);
  });
});

describe('a snapshot of a newer machine', () => {
  const run = RUN_AT.on_hold();
  const known = { ...run.snapshot, machineVersion: MACHINE_VERSION + 1 };

  it.each<[string, Partial<ItemSnapshot>]>([
    ['in a place that this release does not know', { value: { legal: 'waiting' } }],
    [
      'whose lists are something else',
      { context: { ...run.context, publications: {} as never } },
    ],
  ])('%s says so once it is looked into', (_, change) => {
    const read = readSnapshot({ ...known, ...change });
    expect(read.machineVersion).toBe(MACHINE_VERSION + 1);
    expect(() => read.value).toThrow(NewerSnapshot);
    expect(() => read.context).toThrow(NewerSnapshot);
    expect(() => itemRowOf({ ...known, ...change }, 1)).toThrow(NewerSnapshot);
  });

  it('is read where this release understands it, and its own run judges', () => {
    expect(readSnapshot(known)).toBe(known);
    const asked = run.asked('resume', CAST.strategist, {});
    expect(unmetFor(known, 1, asked).map(({ code }) => code)).toContain('reason_given');
  });

  it('is not gone on with: its run waits for a worker that knows it', () => {
    expect(() => snapshotToGoOn(known)).toThrow(NewerSnapshot);
    expect(() => stepItem(known, { type: 'campaign_released', at: run.at })).toThrow(RangeError);
  });
});

describe('an accepted command that this machine has no way for', () => {
  it('is never applied as nothing', () => {
    const run = RUN_AT.closed();
    const asked = RUN_AT.measuring().asked('hold', CAST.strategist, { reason: 'a crisis' });
    expect(() => stepItem(run.snapshot, asked)).toThrow('hold was accepted and has no way in closed');
  });
});
