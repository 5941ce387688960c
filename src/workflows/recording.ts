import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { STORE } from './activity-options.ts';
import type { ItemRun } from './item-run.ts';

const { recordEvents } = proxyActivities<Pick<Activities, 'recordEvents'>>(STORE);

/** Carries the run's events to the tables. */
export async function record({ backlog, snapshot }: ItemRun): Promise<void> {
  backlog.leaveToOthers();
  const batch = backlog.batch(snapshot);
  await recordEvents(batch);
  backlog.noteRecorded(batch.seq);
}
