import type { AssetStore } from '../assets/asset-store.ts';
import { listWorkspaceIds } from '../db/audit/watches.ts';
import type { Db } from '../db/client.ts';
import { countReadingNotes, renewCells } from '../db/item/reading-cells.ts';
import {
  countTidyRows,
  TIDIED_ROWS,
  type TidiedRows,
  tidyRateLimits,
  tidyRows,
} from '../db/tidy/tidy-rows.ts';
import { listHeldFiles } from '../db/workspace/assets.ts';
import { inWorkspace } from '../db/workspace-scope.ts';
import { AGE_OF, type KeepDays } from './keep-days.ts';

/** Rows that one statement changes: locks are held for moments. */
const BATCH = 500;
/** What a dry run counts at most, of a workspace and a kind. */
const MOST_COUNTED = 100_000;
const WORKSPACES_AT_ONCE = 100;
/** A file that nobody has is left alone for so long: its record may be on its way. */
const FILE_GRACE_MS = 24 * 3_600_000;

export type Tidied = Partial<
  Record<TidiedRows | 'reading_notes' | 'rate_limits' | 'files', number>
>;

export interface TidyDeps {
  db: Db;
  assets: Pick<AssetStore, 'removeUnheld'>;
  keepDays: KeepDays;
  /** Is told of a workspace that could not be tidied: the others still are. */
  onFailure?: (workspaceId: string, error: unknown) => void;
}

/** How one tidying goes. What is not done by `until` (epoch milliseconds) is left for the next one. */
export interface TidyPlan {
  isDryRun: boolean;
  until: number;
}

/**
 * Removes what is over, of all workspaces and of none. One that fails keeps no other from its turn.
 * @returns how much of what.
 */
export async function tidy(deps: TidyDeps, plan: TidyPlan): Promise<Tidied> {
  const { onFailure = () => {} } = deps;
  const tidied: Tidied = {};
  for (let after = ''; ; ) {
    const ids = await listWorkspaceIds(deps.db, { after, limit: WORKSPACES_AT_ONCE });
    const last = ids.at(-1);
    if (last === undefined || isOver(plan)) break;
    for (const workspaceId of ids) {
      try {
        await inWorkspace({ workspaceId }, () =>
          tidyWorkspace(deps, plan, { workspaceId, tidied }),
        );
      } catch (error) {
        onFailure(workspaceId, error);
      }
    }
    after = last;
  }
  const { isDryRun } = plan;
  add(tidied, 'rate_limits', await tidyRateLimits(deps.db, { isDryRun }));
  add(tidied, 'files', await tidyFiles(deps, plan));
  return tidied;
}

async function tidyWorkspace(
  { db, keepDays }: TidyDeps,
  plan: TidyPlan,
  { workspaceId, tidied }: { workspaceId: string; tidied: Tidied },
): Promise<void> {
  for (const what of TIDIED_ROWS) {
    const of = { workspaceId, what, days: keepDays[AGE_OF[what]] };
    if (plan.isDryRun) {
      add(tidied, what, await countTidyRows(db, { ...of, limit: MOST_COUNTED }));
      continue;
    }
    let count = BATCH;
    while (count === BATCH && !isOver(plan)) {
      count = await tidyRows(db, { ...of, limit: BATCH });
      add(tidied, what, count);
    }
  }
  add(tidied, 'reading_notes', await tidyNotes(db, plan, workspaceId));
}

/** Notes of readings whose numbers nobody asks for go once their cells are renewed, and not before. */
function tidyNotes(db: Db, { isDryRun, until }: TidyPlan, workspaceId: string): Promise<number> {
  return isDryRun
    ? countReadingNotes(db, { workspaceId, limit: MOST_COUNTED })
    : renewCells(db, { workspaceId }, { until });
}

/** Files that no workspace has a record of any more. */
function tidyFiles({ db, assets }: TidyDeps, { isDryRun, until }: TidyPlan): Promise<number> {
  return assets.removeUnheld((hashes) => listHeldFiles(db, hashes), {
    isDryRun,
    until,
    writtenBefore: Date.now() - FILE_GRACE_MS,
  });
}

function isOver({ until }: TidyPlan): boolean {
  return Date.now() >= until;
}

function add(tidied: Tidied, what: keyof Tidied, count: number): void {
  if (count > 0) tidied[what] = (tidied[what] ?? 0) + count;
}
