import { heartbeat, log } from '@temporalio/activity';
import { listWorkspaceIds } from '../db/audit/watches.ts';
import { describeDatabaseError } from '../db/errors.ts';
import { inWorkspace } from '../db/workspace-scope.ts';
import { recordCheckpoint, writeCheckpoints } from '../evidence/record-checkpoints.ts';
import type { ActivityDeps } from './deps.ts';

const WORKSPACES_AT_A_TIME = 200;

export interface CheckpointRound {
  recorded: number;
  failed: number;
}

export function checkpointActivities({
  db,
  checkpoints,
}: Pick<ActivityDeps, 'db' | 'checkpoints'>) {
  return {
    /** The heads of every workspace's chains leave the database, where a key is configured. Again is fine. */
    async recordCheckpoints(): Promise<CheckpointRound> {
      const round = { recorded: 0, failed: 0 };
      if (checkpoints === null) return round;
      const { key, directory } = checkpoints;
      for (let after = ''; ; ) {
        const ids = await listWorkspaceIds(db, { after, limit: WORKSPACES_AT_A_TIME });
        for (const workspaceId of ids) {
          heartbeat();
          try {
            await inWorkspace({ workspaceId }, async () => {
              const now = new Date().toISOString();
              const recorded = await recordCheckpoint({ db, key }, { workspaceId, now });
              if (recorded !== null) round.recorded += 1;
              if (directory !== null) await writeCheckpoints(db, { workspaceId, directory });
            });
          } catch (error) {
            round.failed += 1;
            log.warn(`no checkpoint of ${workspaceId}: ${describeDatabaseError(error)}`);
          }
        }
        if (ids.length < WORKSPACES_AT_A_TIME) return round;
        after = ids.at(-1) ?? '';
      }
    },
  };
}
