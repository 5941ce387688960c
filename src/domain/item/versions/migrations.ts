import type { ItemSnapshot } from '../snapshot.ts';

/** What of a snapshot another version of the machine may have had in another form. */
export interface SnapshotParts {
  value: ItemSnapshot['value'];
  context: Record<string, unknown>;
}

/** From the version that is its key to the next one. Pure: it is asked again whenever a row is read. */
export type Migrations = Readonly<Record<number, (snapshot: SnapshotParts) => SnapshotParts>>;

/**
 * One step for each version of the machine before the present one. Whoever raises `MACHINE_VERSION` adds
 * the step from the version before (docs/decisions/0055).
 */
export const MIGRATIONS: Migrations = {};
