import { log } from '@temporalio/activity';
import { createWatch, type Shard, type ShardAnswer } from '../audit/watch/watch.ts';
import { listWorkspaceIds } from '../db/audit/watches.ts';
import { describeDatabaseError } from '../db/errors.ts';
import { inWorkspace } from '../db/workspace-scope.ts';
import type { ActivityDeps } from './deps.ts';
import { judgeLateReadings } from './late-readings.ts';

/** The parts of the scheduled watch. Each opens the walls of the workspaces that it looks at. */
export function watchActivities({
  db,
  temporal,
  taskQueue,
}: Pick<ActivityDeps, 'db' | 'temporal' | 'taskQueue'>) {
  const watch = createWatch({
    db,
    temporal,
    taskQueue,
    onFailure: (workspaceId, error) =>
      log.warn(`the watch could not look at ${workspaceId}: ${describeDatabaseError(error)}`),
  });
  return {
    /** All workspaces in parts. */
    async listShards(): Promise<Shard[]> {
      return watch.listShards();
    },
    async watchShard(shard: Shard): Promise<ShardAnswer> {
      const answer = await watch.lookAtShard(shard);
      const ids = await listWorkspaceIds(db, { after: shard.after, limit: shard.size });
      for (const workspaceId of ids.filter((id) => id <= shard.upTo)) {
        try {
          await inWorkspace({ workspaceId }, () =>
            judgeLateReadings(db, { workspaceId, onFailure: warnOf }),
          );
        } catch (error) {
          warnOf(workspaceId, error);
        }
      }
      return answer;
    },
  };
}

function warnOf(of: string, error: unknown): void {
  log.warn(`late readings of ${of} were not judged: ${describeDatabaseError(error)}`);
}
