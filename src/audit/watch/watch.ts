import { findInTables, type Observation, TABLE_CODES } from '../../db/audit/findings.ts';
import { readWaits } from '../../db/audit/rows.ts';
import {
  beginLook,
  closeFindings,
  type Look,
  type LookChanges,
  listOpenFindings,
  openFindings,
  type StoredFinding,
} from '../../db/audit/stored-findings.ts';
import {
  listLastLooks,
  listWorkspaceIds,
  readWatch,
  type WatchRow,
} from '../../db/audit/watches.ts';
import { addOutboxEvent } from '../../db/outbound/outbox.ts';
import { inTransaction } from '../../db/transaction.ts';
import { inWorkspace } from '../../db/workspace-scope.ts';
import { type CouldNotAsk, issuedFindingId } from '../../domain/audit/finding.ts';
import { FINDING_CODES, kindOf, rankOf } from '../../domain/audit/finding-catalogue.ts';
import { findingMessage } from '../../domain/audit/finding-message.ts';
import { createAuditMemory } from '../audit-memory.ts';
import { findBrokenChains } from '../broken-chains.ts';
import type { EngineDeps } from '../engine-answer.ts';
import { ABOUT_RUNS, findInEngine } from '../engine-findings.ts';
import { absenceFact, isLateLook } from './audit-absence.ts';
import { findPressures, growing, type Pressing, pressingAfter } from './backlogs.ts';

/** Workspaces that one activity looks at. */
const SHARD = 25;
/** Findings of one workspace that are stored; a workspace with more has other worries. */
const MOST = 5_000;

/** The watch knows for itself what it did not see twice, and that it did not run. */
const OF_ENGINE = FINDING_CODES.filter(
  (code) => code !== 'backlog_growing' && code !== 'audit_not_running',
);

/** Workspaces from one to another, in the order of their ids. */
export interface Shard {
  after: string;
  upTo: string;
  size: number;
}

export interface ShardAnswer {
  workspaces: number;
  failed: number;
}

/** What the scheduled watch does, a part at a time; it remembers between two looks. */
export interface Watch {
  listShards(): Promise<Shard[]>;
  /** Looks at every workspace of a part; one that fails keeps no other from it. */
  lookAtShard(shard: Shard): Promise<ShardAnswer>;
}

export function createWatch(
  deps: Omit<EngineDeps, 'memory'> & {
    onFailure?: (workspaceId: string, error: unknown) => void;
  },
): Watch {
  const { db, onFailure = () => {} } = deps;
  const remembering = { ...deps, memory: createAuditMemory() };
  // A look that fails, or never ends, is stored nowhere: it would come first for ever.
  const tried = new Map<string, number>();
  return {
    async listShards() {
      const shards: Shard[] = [];
      for (let after = ''; ; ) {
        const ids = await listWorkspaceIds(db, { after, limit: SHARD });
        const upTo = ids.at(-1);
        if (upTo === undefined) return shards;
        shards.push({ after, upTo, size: ids.length });
        after = upTo;
      }
    },
    async lookAtShard({ after, upTo, size }) {
      const ids = await listWorkspaceIds(db, { after, limit: size });
      const answer = { workspaces: 0, failed: 0 };
      const looks = await listLastLooks(db, { workspaceIds: ids.filter((id) => id <= upTo) });
      // Where the time ends before all had their turn, the next look begins with those left out.
      const lastTurn = (id: string) => Math.max(looks.get(id) ?? 0, tried.get(id) ?? 0);
      for (const workspaceId of [...looks.keys()].sort((a, b) => lastTurn(a) - lastTurn(b))) {
        tried.set(workspaceId, Date.now());
        try {
          await inWorkspace({ workspaceId }, () => lookAtWorkspace(remembering, workspaceId));
          answer.workspaces += 1;
        } catch (error) {
          answer.failed += 1;
          onFailure(workspaceId, error);
        }
      }
      return answer;
    },
  };
}

/**
 * One look at a workspace: opens, updates and closes its findings. What could not be asked closes
 * nothing.
 */
export async function lookAtWorkspace(deps: EngineDeps, workspaceId: string): Promise<LookChanges> {
  const { db } = deps;
  const now = new Date().toISOString();
  const [known, before] = await Promise.all([
    listOpenFindings(db, { workspaceId }),
    readWatch(db, { workspaceId }),
  ]);
  const { facts, couldNotAsk, unlooked, pressing } = await findAll(deps, {
    workspaceId,
    now,
    known,
    before,
  });
  const waits = await readWaits(db, { workspaceId, itemIds: itemIdsOf(facts) });
  const seen = facts.map(({ id, code, itemId, since, evidence }) => ({
    id: issuedFindingId(id, workspaceId),
    code,
    severity: kindOf(code).severity,
    rank: rankOf(code),
    itemId,
    since,
    waitingOn: waits.get(itemId ?? '') ?? [],
    evidence,
  }));
  const unknown = known.filter(isUnknown(couldNotAsk, unlooked)).map(({ id }) => id);
  return storeLook(deps, { workspaceId, lookedAt: now, seen, couldNotAsk, unknown, pressing });
}

function storeLook({ db }: EngineDeps, look: Look): Promise<LookChanges> {
  return inTransaction(db, async (tx) => {
    if (!(await beginLook(tx, look))) return { opened: [], closed: [] };
    const opened = await openFindings(tx, look);
    const closed = await closeFindings(tx, look);
    // A run may have no row: what is said of it names the item, and belongs to none.
    const rows = await readWaits(tx, { ...look, itemIds: itemIdsOf([...opened, ...closed]) });
    for (const finding of [...opened, ...closed]) {
      const { workspaceId, itemId } = finding;
      const isStored = itemId !== null && rows.has(itemId);
      const event = { workspaceId, itemId: isStored ? itemId : null, ...eventOf(finding) };
      await addOutboxEvent(tx, event);
    }
    return { opened, closed };
  });
}

/** What outside systems and people are told. */
function eventOf(finding: StoredFinding) {
  const { id: findingId, code, severity, itemId, since, waitingOn, openedAt } = finding;
  const { closedAt, closedBecause } = finding;
  const message = findingMessage(finding);
  const data = { findingId, code, severity, itemId, since, waitingOn, message, openedAt };
  if (closedAt === null) {
    return {
      type: 'audit.finding_opened' as const,
      payload: { at: openedAt, actor: 'system', data },
    };
  }
  const end = { closedAt, closedBecause };
  const payload = { at: closedAt, actor: 'system', data: { ...data, ...end } };
  return { type: 'audit.finding_closed' as const, payload };
}

/** What nobody could find out is neither there nor gone; a run that was looked at is known. */
function isUnknown(couldNotAsk: readonly CouldNotAsk[], unlooked: readonly string[]) {
  const unasked = new Set(couldNotAsk.flatMap(({ codes }) => codes));
  const away = new Set<string | null>(unlooked);
  return ({ code, itemId }: Pick<StoredFinding, 'code' | 'itemId'>) =>
    unasked.has(code) && (!ABOUT_RUNS.includes(code) || away.has(itemId));
}

async function findAll(
  deps: EngineDeps,
  question: {
    workspaceId: string;
    now: string;
    known: readonly Pick<StoredFinding, 'code' | 'itemId'>[];
    before: WatchRow | null;
  },
): Promise<{
  facts: Observation[];
  couldNotAsk: CouldNotAsk[];
  unlooked: string[];
  pressing: Pressing;
}> {
  const { workspaceId, now, known, before } = question;
  const suspects = known
    .filter(({ code }) => ABOUT_RUNS.includes(code))
    .map(({ itemId }) => itemId)
    .filter((id) => id !== null);
  const [fromTables, fromEngine, waiting] = await Promise.all([
    findInTables(deps.db, { workspaceId, now, codes: TABLE_CODES, limit: MOST + 1 }),
    findInEngine(deps, { workspaceId, now, codes: OF_ENGINE, suspects }),
    findPressures(deps, { workspaceId, now }),
  ]);
  // Afterwards, because it computes: meanwhile answers of the engine would come too late.
  const fromChains = await findBrokenChains(deps, { workspaceId, now });
  const pressedBefore = before?.pressing ?? {};
  const facts = [
    ...fromTables.slice(0, MOST),
    ...fromChains.facts,
    ...fromEngine.facts,
    ...growing(waiting.pressures, pressedBefore),
    ...gapBefore(deps, before, now),
  ];
  const tooMany = {
    what: `findings beyond the first ${MOST}`,
    why: 'more are not stored',
    codes: [...TABLE_CODES],
  };
  return {
    // Each thing once: the engine's history and the stored chain may say the same of an item.
    facts: [...new Map(facts.map((fact) => [fact.id, fact])).values()],
    couldNotAsk: [
      ...(fromTables.length > MOST ? [tooMany] : []),
      ...fromChains.couldNotAsk,
      ...fromEngine.couldNotAsk,
      ...waiting.couldNotAsk,
    ],
    pressing: pressingAfter(waiting, pressedBefore, now),
    unlooked: fromEngine.unlooked,
  };
}

/** Nobody could be told while the watch did not run: its next look tells of it. */
function gapBefore({ taskQueue }: EngineDeps, before: WatchRow | null, now: string): Observation[] {
  if (before === null || !isLateLook(before.lookedAt, now)) return [];
  const { lookedAt: since } = before;
  return [absenceFact({ taskQueue, since, lastLookAt: since, schedule: 'running' })];
}

function itemIdsOf(facts: readonly { itemId: string | null }[]): string[] {
  return [...new Set(facts.map(({ itemId }) => itemId).filter((id) => id !== null))];
}
