import { MACHINE_VERSION } from '../../src/domain/item/item.machine.ts';
import type { ItemSnapshot } from '../../src/domain/item/snapshot.ts';
import type { Migrations, SnapshotParts } from '../../src/domain/item/versions/migrations.ts';

/*
 * An example of how the machine's versions lead on, with two that never were. The first called a hold a
 * pause; the one after it called the team the owners.
 */
export const TWO_BEFORE = MACHINE_VERSION - 2;
export const ONE_BEFORE = MACHINE_VERSION - 1;

function renamed(
  context: SnapshotParts['context'],
  from: string,
  to: string,
): SnapshotParts['context'] {
  const { [from]: kept, ...rest } = context;
  return { ...rest, [to]: kept };
}

export const EARLIER_STEPS: Migrations = {
  [TWO_BEFORE]: ({ value, context }) => ({
    value: value === 'paused' ? 'on_hold' : value,
    context: renamed(context, 'pausedFrom', 'heldFrom'),
  }),
  [ONE_BEFORE]: ({ value, context }) => ({ value, context: renamed(context, 'owners', 'team') }),
};

/** The present snapshot as the machine of an earlier version would have left it. */
export function asOfVersion(snapshot: ItemSnapshot, version: number): ItemSnapshot {
  const { value } = snapshot;
  let context = renamed({ ...snapshot.context }, 'team', 'owners');
  if (version === TWO_BEFORE) context = renamed(context, 'heldFrom', 'pausedFrom');
  const earlier = {
    machineVersion: version,
    value: version === TWO_BEFORE && value === 'on_hold' ? 'paused' : value,
    context,
  };
  // What an earlier machine left is no snapshot of this one: that is what its readers have to cope with.
  return earlier as unknown as ItemSnapshot;
}
