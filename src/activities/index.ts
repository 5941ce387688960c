import type { TaskQueue } from '../domain/task-queues.ts';
import { archivingActivities } from './archiving.ts';
import { campaignActivities } from './campaigns.ts';
import { checkpointActivities } from './checkpoints.ts';
import { deliveringActivities } from './delivering.ts';
import type { ActivityDeps } from './deps.ts';
import { withoutContent } from './failures.ts';
import { kpiReviewActivities } from './kpi-review.ts';
import { measuringActivities } from './measuring.ts';
import { lookUpActivities, sendActivities } from './publishing/publishing.ts';
import { recordingActivities } from './recording.ts';
import { settlingActivities } from './settling.ts';
import { tidyActivities } from './tidy.ts';
import { watchActivities } from './watch.ts';
import { withinWorkspace } from './workspace-walls.ts';

/** Every effect that a workflow may have, by the queue in which it waits for a worker. */
export function createActivities(deps: ActivityDeps) {
  return {
    items: withoutContent(withinWorkspace(archivingActivities(deps))),
    sends: withoutContent(withinWorkspace(sendActivities(deps))),
    lookups: withoutContent(withinWorkspace(lookUpActivities(deps))),
    measuring: withoutContent(withinWorkspace(measuringActivities(deps))),
    recording: withoutContent(
      withinWorkspace({
        ...recordingActivities(deps),
        ...kpiReviewActivities(deps),
      }),
    ),
    // Each look at a workspace opens its own walls.
    watch: withoutContent({
      ...watchActivities(deps),
      ...tidyActivities(deps),
      ...checkpointActivities(deps),
      ...settlingActivities(deps),
    }),
    delivery: withoutContent(
      withinWorkspace({ ...deliveringActivities(deps), ...campaignActivities(deps) }),
    ),
  } satisfies Record<TaskQueue, object>;
}

export type Activities = ReturnType<typeof createActivities>;
