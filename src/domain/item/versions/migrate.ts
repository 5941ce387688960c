import type { ItemContext } from '../context.ts';
import { MACHINE_VERSION } from '../item.machine.ts';
import type { ItemSnapshot } from '../snapshot.ts';
import { PLACES } from '../stages.ts';
import { MIGRATIONS, type Migrations, type SnapshotParts } from './migrations.ts';

/** What was asked needs a release that knows the machine which wrote this snapshot. */
export class NewerSnapshot extends Error {
  override readonly name = 'NewerSnapshot';

  constructor(version: number) {
    super(`written by machine version ${version}; this release knows ${MACHINE_VERSION}`);
  }
}

export function isNewer({ machineVersion }: Pick<ItemSnapshot, 'machineVersion'>): boolean {
  return machineVersion > MACHINE_VERSION;
}

/** Stands for a snapshot whose place or fields this release does not know. */
class UnknownSnapshot implements ItemSnapshot {
  readonly machineVersion: number;

  constructor(version: number) {
    this.machineVersion = version;
  }

  get value(): never {
    throw new NewerSnapshot(this.machineVersion);
  }

  get context(): never {
    throw new NewerSnapshot(this.machineVersion);
  }
}

/** Fields of a context that are lists: whoever reads a snapshot counts on them. */
const LISTS = [
  'coAuthors',
  'authors',
  'handoffs',
  'approvals',
  'publications',
  'checkpoints',
  'reviews',
] as const satisfies readonly (keyof ItemContext)[];

function isUnderstood({ value, context }: ItemSnapshot): boolean {
  const path = typeof value === 'string' ? value : Object.entries(value).flat().join('.');
  return (
    PLACES.some((place) => place === path) &&
    LISTS.every((list) => Array.isArray(context[list])) &&
    typeof context.playbook === 'object' &&
    typeof context.team === 'object'
  );
}

/**
 * A snapshot as this release reads it. One of an older machine is brought to the present version; what is
 * stored stays. One of a newer machine is read where this release knows its place and its lists.
 * @returns of any other one that throws `NewerSnapshot` once it is looked into.
 * @throws RangeError when the step from a version is missing.
 */
export function readSnapshot(
  snapshot: ItemSnapshot,
  { to = MACHINE_VERSION, steps = MIGRATIONS }: { to?: number; steps?: Migrations } = {},
): ItemSnapshot {
  const { machineVersion } = snapshot;
  if (machineVersion > to && !isUnderstood(snapshot)) return new UnknownSnapshot(machineVersion);
  if (machineVersion >= to) return snapshot;
  // Every version says itself what its own context is; the last step says what this one is.
  let parts = snapshot as unknown as SnapshotParts;
  for (let version = machineVersion; version < to; version += 1) {
    const step = steps[version];
    if (step === undefined)
      throw new RangeError(`no step leads on from machine version ${version}`);
    parts = step(parts);
  }
  const { value, context } = parts;
  return { machineVersion: to, value, context } as unknown as ItemSnapshot;
}

/**
 * The snapshot that a run goes on with: asked once, when a continued or restarted run begins.
 * @throws NewerSnapshot: the run waits for a worker of a release that knows it.
 */
export function snapshotToGoOn(snapshot: ItemSnapshot): ItemSnapshot {
  if (isNewer(snapshot)) throw new NewerSnapshot(snapshot.machineVersion);
  return readSnapshot(snapshot);
}
