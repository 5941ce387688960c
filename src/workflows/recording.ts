import { STORE } from './activity-options.ts';
import type { ItemRun } from './item-run.ts';
import { activitiesOf } from './queue-activities.ts';

/** Carries the run's events to the tables, in as many parts as it takes. */
export async function record(run: ItemRun): Promise<void> {
  const { backlog } = run;
  const { recordEvents } = activitiesOf('recording', {
    ...STORE,
    summary: 'carry events to the tables',
  });
  backlog.leaveToOthers();
  for (;;) {
    const batch = backlog.batch(run.snapshot);
    await recordEvents(batch);
    backlog.noteRecorded(batch.seq);
    if (batch.snapshot !== null) return;
  }
}

/** The same for several that wait for it: it is done once. */
export function recordTogether(run: ItemRun): Promise<void> {
  run.recording ??= record(run).finally(() => {
    run.recording = null;
  });
  return run.recording;
}
