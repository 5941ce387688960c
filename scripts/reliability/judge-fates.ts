import type { FaultLine } from '../../src/channels/sandbox/protocol.ts';
import type { LedgerLine } from './evidence.ts';
import type { WantedPost } from './items.ts';
import type { Outcome } from './line.ts';

/** A publication as the item has it. */
export interface Publication {
  id: string;
  state: string;
  slotNumber: number;
  marker: string;
  evidence?: string;
}

/** What became of each wanted post: by the item, and by the network. */
export interface PostFate {
  post: WantedPost;
  publications: Publication[];
  accepted: LedgerLine[];
  faults: FaultLine[];
}

type Judgement = Omit<Outcome, 'faults' | 'recoveryMs'>;

/**
 * Judges the fates: requested = distinct(accepted) + needs confirmation + rejected, and no second post.
 * @param isUnprovable says which posts may stay open; the others may not, and those must.
 */
export function judgeFates(
  fates: readonly PostFate[],
  { isUnprovable = () => false }: { isUnprovable?: (fate: PostFate) => boolean } = {},
): Judgement {
  const outcome = { lost: 0, duplicated: 0, unresolved: 0 };
  const violations: string[] = [];
  const evidence: string[] = [];
  for (const fate of fates) {
    const { post, publications, accepted } = fate;
    const states = publications.map(({ state }) => state);
    const says = `${post.itemId} "${post.text}" is ${states.join(', ') || 'not planned'}`;
    const live = accepted.length;
    if (live > 1) {
      outcome.duplicated += live - 1;
      violations.push(`${says} and was accepted ${live} times`);
    }
    const isOpen = states.includes('unknown');
    if (isOpen) {
      outcome.unresolved += 1;
      const why = publications.map((one) => `${one.marker}: ${one.evidence ?? 'no evidence'}`);
      evidence.push(`${says}; the network has ${live}; ${why.join('; ')}`);
    }
    if (isOpen !== isUnprovable(fate)) {
      violations.push(
        `${says}, ${isOpen ? 'though it could be proven' : 'though nothing proves it'}`,
      );
    }
    const isPublished = states.includes('published');
    if (!isOpen && isPublished !== live > 0) {
      outcome.lost += 1;
      violations.push(`${says}, but the network has ${live}`);
    }
    if (!isOpen && !isPublished && live === 0) {
      outcome.lost += 1;
      violations.push(`${says}, and the network has none`);
    }
  }
  return {
    ...outcome,
    operations: fates.length,
    violations,
    evidence,
  };
}

export function countFaults(fates: readonly PostFate[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { mode, listedAfterMs } of fates.flatMap(({ faults }) => faults)) {
    const kind = listedAfterMs === undefined ? mode : `${mode}, not listed`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
