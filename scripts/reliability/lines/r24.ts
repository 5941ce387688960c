import type { Line, Outcome } from '../line.ts';
import { restoreDrill } from '../restore/drill.ts';

/** Of the traffic that both stores forget. */
const SHARE_OF_ONE_STORE = 0.2;
const LEAST_SECONDS = 5;

/** Every operation is a post. Either store is put back alone, then both together. */
export const R24: Line = {
  id: 'R24',
  title: 'seconds of traffic after a backup of PostgreSQL, of the engine, of both; then a restore',
  target: '0 posts twice after the restore, every newer one reconciled, rows and runs agree',
  protection: 'the one key of a post, and its look-up',
  full: 300,
  small: 5,
  endsServers: true,
  async run(stack, options) {
    const few = Math.max(LEAST_SECONDS, Math.round(options.n * SHARE_OF_ONE_STORE));
    const parts = [
      await restoreDrill(stack, ['postgres'], { ...options, seconds: few }),
      await restoreDrill(stack, ['temporal'], { ...options, seconds: few }),
      await restoreDrill(stack, ['postgres', 'temporal'], { ...options, seconds: options.n }),
    ];
    const sum = (of: (part: (typeof parts)[number]) => number) =>
      parts.reduce((total, part) => total + of(part), 0);
    return {
      operations: sum(({ operations }) => operations),
      faults: Object.assign({}, ...parts.map(({ faults }) => faults)) as Outcome['faults'],
      lost: sum(({ lost }) => lost),
      duplicated: sum(({ duplicated }) => duplicated),
      unresolved: sum(({ unresolved }) => unresolved),
      recoveryMs: [],
      violations: parts.flatMap(({ violations }) => violations),
      evidence: parts.flatMap(({ evidence }) => evidence),
    };
  },
};
