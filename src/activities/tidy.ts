import { log } from '@temporalio/activity';
import { describeDatabaseError } from '../db/errors.ts';
import { type Tidied, tidy } from '../retention/tidy.ts';
import type { ActivityDeps } from './deps.ts';

/** Well before the engine gives the attempt up (TIDY in activity-options.ts). */
const WITHIN_MS = 8 * 60_000;

/** Tidying goes through the workspaces itself, within the walls of each. */
export function tidyActivities({
  db,
  assets,
  keepDays,
  noteTidied,
}: Pick<ActivityDeps, 'db' | 'assets' | 'keepDays' | 'noteTidied'>) {
  return {
    /** @returns how much of what was removed. */
    async tidyAll(): Promise<Tidied> {
      const plan = { isDryRun: false, until: Date.now() + WITHIN_MS };
      const onFailure = (workspaceId: string, error: unknown) =>
        log.warn(`${workspaceId} could not be tidied: ${describeDatabaseError(error)}`);
      const tidied = await tidy({ db, assets, keepDays, onFailure }, plan);
      for (const [what, count] of Object.entries(tidied)) noteTidied?.({ what, count });
      log.info(`tidied: ${JSON.stringify(tidied)}`);
      return tidied;
    },
  };
}
