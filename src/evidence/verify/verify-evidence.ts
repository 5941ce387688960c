import type { Fault } from '../pack-format.ts';
import { PackFault, readBounded } from './read-pack.ts';
import { readCheckpoints } from './verify-checkpoints.ts';
import { type PackSummary, verifyPack } from './verify-pack.ts';

/** What a verification found, for people. */
export interface EvidenceVerdict {
  faults: Fault[];
  facts: string[];
}

/** Checks a pack by nothing but the files that are named. */
export async function verifyEvidence({
  pack,
  checkpoints,
  keys,
}: {
  pack: string;
  checkpoints: string | null;
  keys: readonly string[];
}): Promise<EvidenceVerdict> {
  try {
    const kept = checkpoints === null ? [] : await readCheckpoints(checkpoints, keys);
    const { faults, summary } = await verifyPack(await readBounded(pack), kept);
    return { faults, facts: summary === null ? [] : factsOf(summary, kept.length) };
  } catch (error) {
    if (error instanceof PackFault) return { faults: [error.fault], facts: [] };
    throw error;
  }
}

function factsOf(
  { itemId, seq, stage, commands, runs, heads }: PackSummary,
  checkpoints: number,
): string[] {
  return [
    `item ${itemId}, ${stage}, ${seq} events, ${commands} commands`,
    `histories of the engine: ${runs.archived} archived, ${runs.in_engine} of runs that it still has, ${runs.missing} missing`,
    checkpoints === 0
      ? 'no checkpoints were given: whether the database was rewritten before, a pack alone does not say'
      : `${checkpoints} checkpoints are signed as they should be; ${heads} of their heads are about this pack`,
  ];
}
