import { MACHINE_VERSION } from '../../domain/item/item.machine.ts';
import { NewerSnapshot } from '../../domain/item/versions/migrate.ts';
import { type Fault, MANIFEST, type Manifest } from '../pack-format.ts';
import { readRows } from './pack-rows.ts';
import { readHistories } from './read-histories.ts';
import { PackFault, unpack } from './read-pack.ts';
import { findActFaults } from './verify-acts.ts';
import { findChainFaults } from './verify-chain.ts';
import { holdAgainst, type KeptCheckpoint } from './verify-checkpoints.ts';
import { findEngineFaults } from './verify-engine.ts';
import { findFileFaults, readManifest } from './verify-manifest.ts';
import { findOriginFaults } from './verify-origin.ts';
import { findRowFaults } from './verify-rows.ts';
import { findStateFaults } from './verify-state.ts';

/** What a pack says, where it agrees with itself. */
export interface PackSummary {
  itemId: string;
  workspaceId: string;
  seq: number;
  headHash: string;
  stage: string;
  commands: number;
  /** Heads in checkpoints that the pack was held against. */
  heads: number;
  /** Runs by where their history is. */
  runs: Record<'archived' | 'in_engine' | 'missing', number>;
}

export interface PackVerdict {
  /** The first difference first; empty when everything agrees. */
  faults: Fault[];
  summary: PackSummary | null;
}

/** Checks a pack by nothing but itself, and by checkpoints that somebody else kept. */
export async function verifyPack(
  bytes: Uint8Array,
  kept: readonly KeptCheckpoint[] = [],
): Promise<PackVerdict> {
  try {
    return await verify(bytes, kept);
  } catch (error) {
    if (error instanceof PackFault) return { faults: [error.fault], summary: null };
    if (error instanceof NewerSnapshot) {
      const fault = { file: 'item.json', row: 1, field: 'snapshot.machineVersion' };
      return { faults: [{ ...fault, message: error.message }], summary: null };
    }
    throw error;
  }
}

async function verify(bytes: Uint8Array, kept: readonly KeptCheckpoint[]): Promise<PackVerdict> {
  const files = unpack(bytes);
  const manifest = readManifest(files);
  const changed = findFileFaults(files, manifest);
  if (changed.length > 0) return { faults: changed, summary: null };
  requireKnownMachine(manifest);
  const rows = readRows(files);
  const told = await readHistories(files, rows);
  const held = holdAgainst(kept, rows, manifest);
  const faults = [
    ...findStateFaults(rows, told),
    ...findChainFaults(rows, manifest),
    ...findRowFaults(files, rows, { manifest, told }),
    ...findActFaults(rows, manifest),
    ...findOriginFaults(files, rows, manifest),
    ...told.faults,
    ...findEngineFaults(rows, told),
    ...held.faults,
  ];
  const countOf = (state: string) => rows.runs.filter((run) => run.state === state).length;
  const { id: itemId, workspaceId, seq, headHash } = rows.item;
  return {
    faults,
    summary: {
      itemId,
      workspaceId,
      seq,
      headHash,
      stage: rows.item.snapshot.context.stage,
      commands: rows.commands.length,
      heads: held.heads,
      runs: {
        archived: countOf('archived'),
        in_engine: countOf('in_engine'),
        missing: countOf('missing'),
      },
    },
  };
}

function requireKnownMachine({ machineVersion }: Manifest): void {
  if (machineVersion <= MACHINE_VERSION) return;
  throw new PackFault({
    file: MANIFEST,
    row: null,
    field: 'machineVersion',
    message: `is ${machineVersion}; this release knows ${MACHINE_VERSION}: use a later one`,
  });
}
