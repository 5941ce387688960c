import type { FindingPosition, Observation } from '../../db/audit/findings.ts';
import { countOpenItems } from '../../db/audit/rows.ts';
import { listWorstFindings, type StoredFinding } from '../../db/audit/stored-findings.ts';
import { readWatch } from '../../db/audit/watches.ts';
import type { FindingCode } from '../../domain/audit/finding-catalogue.ts';
import type { Role } from '../../domain/people/roles.ts';
import { queueName, TASK_QUEUES } from '../../domain/task-queues.ts';
import { type EngineAnswer, type EngineDeps, NOTHING, together } from '../engine-answer.ts';
import { missingOwnWorkers } from '../workers/missing-workers.ts';
import { findAuditAbsence } from './audit-absence.ts';

/** A workspace with more open items is told what the last look saw. */
const LIVE_UP_TO = 500;
/** As long as the watch runs: it looks every minute. */
const FRESH_MS = 3 * 60_000;

export interface StoredQuestion {
  workspaceId: string;
  now: string;
  codes: readonly FindingCode[];
  role?: Role | undefined;
  memberId?: string | undefined;
  after?: FindingPosition | undefined;
  limit: number;
}

/**
 * What the watch has stored, for a workspace that is too large to be looked at while somebody waits;
 * null when it is not, or the last look is old. Whether our workers and the watch live is asked anew.
 */
export async function storedPage(
  deps: EngineDeps,
  question: StoredQuestion,
): Promise<EngineAnswer | null> {
  const { db, liveUpTo = LIVE_UP_TO } = deps;
  const { workspaceId, now, codes, role, memberId } = question;
  const watch = await readWatch(db, { workspaceId });
  if (watch === null || Date.parse(now) - Date.parse(watch.lookedAt) > FRESH_MS) return null;
  if ((await countOpenItems(db, { workspaceId, atMost: liveUpTo + 1 })) <= liveUpTo) return null;
  const isAsked = (code: FindingCode) => codes.includes(code);
  // What waits for somebody is about an item.
  const isAboutAll = role === undefined && memberId === undefined;
  const [stored, workers, absence] = await Promise.all([
    listWorstFindings(db, question),
    isAboutAll && isAsked('no_worker') ? missingOwnWorkers(deps, now) : NOTHING,
    isAboutAll && isAsked('audit_not_running')
      ? findAuditAbsence(deps, { workspaceId, now, codes })
      : NOTHING,
  ]);
  const live = together([workers, absence]);
  const couldNotAsk = watch.couldNotAsk
    .map((gap) => ({ ...gap, codes: gap.codes.filter(isAsked) }))
    .filter((gap) => gap.codes.length > 0);
  return {
    ...NOTHING,
    facts: [...stored.filter(isStillStored(deps.taskQueue)).map(observationOf), ...live.facts],
    couldNotAsk: [...couldNotAsk, ...live.couldNotAsk],
  };
}

/** What is asked anew is not told from the store. */
function isStillStored(taskQueue: string) {
  const own = new Set<unknown>(TASK_QUEUES.map((queue) => queueName(taskQueue, queue)));
  return ({ code, evidence }: StoredFinding) =>
    code !== 'audit_not_running' &&
    !(code === 'no_worker' && evidence['buildId'] === undefined && own.has(evidence['taskQueue']));
}

function observationOf({ id, code, itemId, since, evidence }: StoredFinding): Observation {
  return { id, code, itemId, since, evidence };
}
