import { setTimeout as delay } from 'node:timers/promises';
import {
  joinQueues,
  listDueQueues,
  type QueueTurn,
  takeTurns,
} from '../../db/item/command-queues.ts';
import { type CommandKey, listAbandonedCommands } from '../../db/item/commands.ts';
import { inWorkspace } from '../../db/workspace-scope.ts';
import type { DeliveryDeps } from '../deliver-command.ts';
import { Places } from './places.ts';
import { TURN_LEASE_MS, workQueue } from './work-queue.ts';

/** A row younger than this is its own sender's business. */
const MIN_AGE_MS = 1_000;
const PAUSE_MS = 500;
/** Between two looks while there is work. */
const SHORT_PAUSE_MS = 50;
/** Abandoned commands that join their queues at once. */
const BATCH = 500;
/** Queues of one workspace that one look takes. */
const PER_WORKSPACE = 8;

export interface Drainer {
  /** Ends after the commands in hand; resolves when nothing is under way. */
  stop(): Promise<void>;
}

/**
 * Settles commands that nobody answered: it sends the same id again and commits the same result. Any
 * number of drainers may run: a turn lets one work a queue, the fence of each row lets one send it.
 */
export function startDrainer(deps: DeliveryDeps, options: { pauseMs?: number } = {}): Drainer {
  const { pauseMs = PAUSE_MS } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const places = new Places();
  const underWay = new Set<Promise<void>>();
  const begin = (work: Promise<void>) => {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  };
  const finished = (async () => {
    let lookedAt = 0;
    while (!signal.aborted) {
      if (Date.now() - lookedAt >= pauseMs) {
        lookedAt = Date.now();
        await collectAbandoned(deps);
      }
      const { change } = places;
      const begun = await beginWork(deps, places);
      begun.forEach(begin);
      const pause = delay(Math.min(pauseMs, begun.length > 0 ? SHORT_PAUSE_MS : pauseMs), null, {
        signal,
      }).catch(() => {});
      await Promise.race([pause, change.then(() => delay(SHORT_PAUSE_MS))]);
    }
    await Promise.all(underWay);
  })();
  return {
    stop: async () => {
      stopping.abort();
      await finished;
    },
  };
}

/** Commands whose sender died join the queues of their runs. */
async function collectAbandoned(deps: DeliveryDeps): Promise<void> {
  try {
    let found: CommandKey[];
    do {
      found = await listAbandonedCommands(deps.db, { limit: BATCH, minAgeMs: MIN_AGE_MS });
      for (const [workspaceId, rows] of Map.groupBy(found, (row) => row.workspaceId)) {
        const commandIds = rows.map(({ id }) => id);
        await inWorkspace({ workspaceId }, () => joinQueues(deps.db, { workspaceId, commandIds }));
      }
    } while (found.length === BATCH);
  } catch (error) {
    warn(deps, error, 'abandoned commands could not be read');
  }
}

/** Begins as much work as there are places. Nothing while the database is away. */
async function beginWork(deps: DeliveryDeps, places: Places): Promise<Promise<void>[]> {
  const { free } = places;
  if (free.lively === 0) return [];
  const begun: Promise<void>[] = [];
  try {
    const due = await listDueQueues(deps.db, { ...free, perWorkspace: PER_WORKSPACE });
    const chosen = due.slice(0, free.lively);
    for (const [workspaceId, queues] of Map.groupBy(chosen, (queue) => queue.workspaceId)) {
      const itemIds = queues.map(({ itemId }) => itemId);
      await inWorkspace({ workspaceId }, async () => {
        const turn = { workspaceId, itemIds, leaseMs: TURN_LEASE_MS };
        const turns = await takeTurns(deps.db, turn);
        begun.push(...turns.map((taken) => beginTurn(deps, places, taken)));
      });
    }
  } catch (error) {
    warn(deps, error, 'the queues of commands could not be read');
  }
  return begun;
}

/** One queue that cannot be worked keeps no other from it. */
function beginTurn(deps: DeliveryDeps, places: Places, turn: QueueTurn): Promise<void> {
  const work = () =>
    workQueue(deps, turn).catch((error) =>
      warn(deps, error, `the commands of ${turn.itemId} could not be sent`),
    );
  return places.occupy(work, turn);
}

function warn({ log }: DeliveryDeps, error: unknown, message: string): void {
  log.warn({ reason: error instanceof Error ? error.name : 'unknown error' }, message);
}
