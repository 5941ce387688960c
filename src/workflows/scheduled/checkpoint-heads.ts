import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { CHECKPOINTS } from '../activity-options.ts';

const { recordCheckpoints } = proxyActivities<Activities['watch']>(CHECKPOINTS);

/** The ends of all chains become signed checkpoints; a schedule starts it every hour. */
export async function checkpointHeads(): Promise<{ recorded: number; failed: number }> {
  return recordCheckpoints();
}
