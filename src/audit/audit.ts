import { createFlights } from '../threads/flights.ts';
import { WorkRefused } from '../threads/threads.ts';
import { createTurnstile } from '../threads/turnstile.ts';
import { createAuditMemory } from './audit-memory.ts';
import { repairFinding } from './repairs/repair-finding.ts';
import { repairMany } from './repairs/repair-many.ts';
import type {
  BulkRepairOutcome,
  BulkRepairRequest,
  RepairOutcome,
  RepairRequest,
} from './repairs/repair-outcome.ts';
import type { RepairDeps } from './repairs/repairers.ts';
import { type StuckAnswer, type StuckQuestion, stuckFindings } from './stuck-findings.ts';

/** The routes' door to the stuck audit. */
export interface Audit {
  stuck(question: StuckQuestion): Promise<StuckAnswer>;
  repair(request: RepairRequest): Promise<RepairOutcome>;
  repairMany(request: BulkRepairRequest): Promise<BulkRepairOutcome>;
}

/** Audits for one member at the same time: each asks the tables of the whole workspace. */
const AUDITS_AT_ONCE = 1;
const TURN_WITHIN_MS = 10_000;

/** The audit of one process; it remembers between two answers what it need not find out again. */
export function createAudit(deps: Omit<RepairDeps, 'memory'>): Audit {
  const remembering = { ...deps, memory: createAuditMemory() };
  const turnstile = createTurnstile(AUDITS_AT_ONCE);
  const ofAll = createFlights<StuckAnswer>();
  const ofOne = createFlights<StuckAnswer>();
  return {
    stuck(question) {
      const { workspaceId, askedBy = workspaceId, filters, cursor, limit } = question;
      const asked = JSON.stringify([workspaceId, filters, cursor, limit]);
      // Who asks much waits for their own turns; who asks the same is answered together.
      return ofOne.get(`${askedBy} ${asked}`, async () => {
        const leave = await turnstile.enter(askedBy, TURN_WITHIN_MS);
        if (leave === null) throw new WorkRefused('busy');
        try {
          return await ofAll.get(asked, () => stuckFindings(remembering, question));
        } finally {
          leave();
        }
      });
    },
    repair: (request) => repairFinding(remembering, request),
    repairMany: (request) => repairMany(remembering, request),
  };
}
