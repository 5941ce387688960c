import { setTimeout as delay } from 'node:timers/promises';
import { type CommandRow, listUnsettledCommands, takeFence } from '../db/item/commands.ts';
import { inWorkspace } from '../db/workspace-scope.ts';
import { type DeliveryDeps, deliverCommand } from './deliver-command.ts';

/** A row younger than this is its own sender's business. */
const MIN_AGE_MS = 3_000;
const PAUSE_MS = 1_000;
const BATCH = 50;
/** Rows settled at the same time: more would crowd out the requests of people. */
const PARALLEL = 4;

export interface Drainer {
  /** Ends after the rows in hand; resolves when nothing is under way. */
  stop(): Promise<void>;
}

/**
 * Settles commands that nobody answered: it sends the same id again and commits the same result.
 * Any number of drainers may run; the fence of each row lets one through.
 */
export function startDrainer(deps: DeliveryDeps, options: { pauseMs?: number } = {}): Drainer {
  const stopping = new AbortController();
  const finished = (async () => {
    while (!stopping.signal.aborted) {
      const settled = await drainOnce(deps);
      if (settled < BATCH) {
        await delay(options.pauseMs ?? PAUSE_MS, undefined, { signal: stopping.signal }).catch(
          () => {},
        );
      }
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await finished;
    },
  };
}

/** @returns how many rows were looked at; 0 while the database is away. */
export async function drainOnce(
  deps: DeliveryDeps,
  { minAgeMs = MIN_AGE_MS }: { minAgeMs?: number } = {},
): Promise<number> {
  try {
    const rows = await listUnsettledCommands(deps.db, { limit: BATCH, minAgeMs });
    const queue = [...rows];
    const work = async (): Promise<void> => {
      for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
        await inWorkspace(row, () => drainRow(deps, row));
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    return rows.length;
  } catch (error) {
    warn(deps, error, 'unsettled commands could not be read');
    return 0;
  }
}

/** One row that cannot be settled keeps no other from it. */
async function drainRow(deps: DeliveryDeps, row: CommandRow): Promise<void> {
  try {
    const attempt = await takeFence(deps.db, { workspaceId: row.workspaceId, id: row.id });
    if (attempt !== null) await deliverCommand(deps, row, attempt);
  } catch (error) {
    warn(deps, error, `command ${row.id} could not be drained`);
  }
}

function warn({ log }: DeliveryDeps, error: unknown, message: string): void {
  log.warn({ reason: error instanceof Error ? error.name : 'unknown error' }, message);
}
