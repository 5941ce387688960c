import { type HealthFigures, readHealthFigures } from '../db/audit/health-figures.ts';
import type { Db } from '../db/client.ts';
import { acrossWorkspaces, inWorkspace } from '../db/workspace-scope.ts';
import { createMemo } from '../threads/memo.ts';

/** Whoever scrapes within this gets the same figures: the tables are asked no more often. */
const FIGURES_FOR_MS = 15_000;
/** Workspaces whose figures are kept. */
const ENTRIES = 64;

/** @param workspaceId null: of all workspaces together. */
export type ReadFigures = (workspaceId: string | null) => Promise<HealthFigures | null>;

/** Figures of the tables, shared by whoever asks; null while they cannot be read. */
export function createFigures({ db, now = Date.now }: { db: Db; now?: () => number }): ReadFigures {
  const memo = createMemo<HealthFigures | null>({ entries: ENTRIES });
  return (workspaceId) => {
    const period = Math.floor(now() / FIGURES_FOR_MS);
    return memo.get(`${workspaceId} ${period}`, () => read(db, workspaceId).catch(() => null));
  };
}

function read(db: Db, workspaceId: string | null): Promise<HealthFigures> {
  const ask = () => readHealthFigures(db);
  return workspaceId === null ? acrossWorkspaces('health', ask) : inWorkspace({ workspaceId }, ask);
}
