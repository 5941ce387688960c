import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { WATCH } from '../activity-options.ts';

/** Shards looked at at the same time. */
const AT_ONCE = 4;

const { listShards, watchShard } = proxyActivities<Activities['watch']>(WATCH);

export interface WatchRound {
  workspaces: number;
  failed: number;
}

/**
 * One look at everything: what is found, and what no longer is, becomes rows and events. A schedule
 * starts it; a shard that fails is looked at by the next one.
 */
export async function watch(): Promise<WatchRound> {
  const waiting = await listShards();
  const round: WatchRound = { workspaces: 0, failed: 0 };
  const work = async (): Promise<void> => {
    for (let shard = waiting.shift(); shard !== undefined; shard = waiting.shift()) {
      try {
        const { workspaces, failed } = await watchShard(shard);
        round.workspaces += workspaces;
        round.failed += failed;
      } catch {
        round.failed += shard.size;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return round;
}
