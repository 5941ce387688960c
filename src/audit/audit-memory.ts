import type { ChainFault } from '../domain/item/event.ts';
import type { Backlog } from '../engine/backlogs.ts';
import type { ListingMemory } from './open-runs.ts';
import { createRecent, type Recent } from './recent.ts';
import type { WorkerCheck } from './workers/worker-check.ts';

/**
 * What one process remembers between two audits, so that the second need not do the work of the
 * first. Nothing in it is needed for a right answer; it is lost with the process.
 */
export interface AuditMemory extends ListingMemory {
  /** What verifying a chain came to, by item; it holds as long as the fingerprint does. */
  chains: Map<string, { fingerprint: string; fault: ChainVerdict | null }>;
  /** When a run was last compared with its row, epoch milliseconds by item. */
  compared: Map<string, number>;
  /** The last sign of a worker by task queue, ISO instant; without one, when its lack was first seen. */
  workers: Map<string, { seenAt: string } | { missedSince: string }>;
  /** Whether workers are absent, by task queue and build. */
  absences: Recent<WorkerCheck>;
  backlogs: Recent<Backlog[]>;
  /** Whether the engine starts the watch. */
  schedules: Recent<string>;
  /** Workspace of a run that has no row, by run id; null when it names none. */
  orphans: Map<string, string | null>;
}

export interface ChainVerdict {
  code: ChainFault['code'];
  seq: number;
  /** What of the chain does not hold. */
  fault: 'hash' | 'head';
  /** When the faulty event was stored, or the row last moved. */
  since: string;
}

/** How long what was found out of the whole deployment is good: a dead worker is to be noticed soon. */
const WORKERS_MS = 1_000;
const DEPLOYMENT_MS = 20_000;

export function createAuditMemory(): AuditMemory {
  return {
    chains: new Map(),
    compared: new Map(),
    workers: new Map(),
    absences: createRecent(WORKERS_MS),
    backlogs: createRecent(DEPLOYMENT_MS),
    schedules: createRecent(WORKERS_MS),
    orphans: new Map(),
    listing: null,
  };
}

/** Forgets the oldest entries of a map that has grown too large. */
export function keepAtMost<V>(map: Map<string, V>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return;
    map.delete(key);
  }
}
