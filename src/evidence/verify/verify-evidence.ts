import type { Fault } from '../pack-format.ts';
import { PackFault, readBounded } from './read-pack.ts';
import { type PackSummary, verifyPack } from './verify-pack.ts';

/** What a verification found, for people. */
export interface EvidenceVerdict {
  faults: Fault[];
  facts: string[];
}

/** Checks a pack by nothing but the files that are named. */
export async function verifyEvidence({ pack }: { pack: string }): Promise<EvidenceVerdict> {
  try {
    const { faults, summary } = await verifyPack(await readBounded(pack));
    return { faults, facts: summary === null ? [] : factsOf(summary) };
  } catch (error) {
    if (error instanceof PackFault) return { faults: [error.fault], facts: [] };
    throw error;
  }
}

function factsOf({ itemId, seq, stage, commands, runs }: PackSummary): string[] {
  return [
    `item ${itemId}, ${stage}, ${seq} events, ${commands} commands`,
    `histories of the engine: ${runs.archived} archived, ${runs.in_engine} of runs that it still has, ${runs.missing} missing`,
  ];
}
