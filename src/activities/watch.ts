import { log } from '@temporalio/activity';
import { createWatch, type Shard, type ShardAnswer } from '../audit/watch/watch.ts';
import { describeDatabaseError } from '../db/errors.ts';
import type { ActivityDeps } from './deps.ts';

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
      return watch.lookAtShard(shard);
    },
  };
}
