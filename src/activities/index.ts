import { archivingActivities } from './archiving.ts';
import type { ActivityDeps } from './deps.ts';
import { withoutContent } from './failures.ts';
import { kpiReviewActivities } from './kpi-review.ts';
import { measuringActivities } from './measuring.ts';
import { publishingActivities } from './publishing/publishing.ts';
import { recordingActivities } from './recording.ts';
import { withinWorkspace } from './workspace-walls.ts';

/** Every effect that a workflow may have. */
export function createActivities(deps: ActivityDeps) {
  return withoutContent(
    withinWorkspace({
      ...recordingActivities(deps),
      ...publishingActivities(deps),
      ...measuringActivities(deps),
      ...kpiReviewActivities(deps),
      ...archivingActivities(deps),
    }),
  );
}

export type Activities = ReturnType<typeof createActivities>;
