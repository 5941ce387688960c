import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { SETTLING } from '../activity-options.ts';

const { readSettled } = proxyActivities<Activities['watch']>(SETTLING);

/** Provisional numbers are read for good (docs/readings.md); a schedule starts it. */
export async function settling(): Promise<{ settled: number; postponed: number }> {
  return readSettled();
}
