import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { TIDY } from '../activity-options.ts';

const { tidyAll } = proxyActivities<Activities['watch']>(TIDY);

/** Removes what is kept no longer (docs/retention.md). A schedule starts it. */
export async function tidy(): Promise<Partial<Record<string, number>>> {
  return tidyAll();
}
