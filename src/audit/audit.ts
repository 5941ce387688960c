import type { DeliveryDeps } from '../commands/deliver-command.ts';
import { createAuditMemory } from './audit-memory.ts';
import { repairFinding } from './repair-finding.ts';
import type { RepairOutcome, RepairRequest } from './repair-outcome.ts';
import { type StuckAnswer, type StuckQuestion, stuckFindings } from './stuck-findings.ts';

/** The routes' door to the stuck audit. */
export interface Audit {
  stuck(question: StuckQuestion): Promise<StuckAnswer>;
  repair(request: RepairRequest): Promise<RepairOutcome>;
}

/** The audit of one process; it remembers between two answers what it need not find out again. */
export function createAudit(deps: DeliveryDeps): Audit {
  const remembering = { ...deps, memory: createAuditMemory() };
  return {
    stuck: (question) => stuckFindings(remembering, question),
    repair: (request) => repairFinding(remembering, request),
  };
}
