import { proxySinks, type Sinks, type WorkflowInterceptors } from '@temporalio/workflow';

/** Tells a test what a run asks to be recorded, also while it is replayed. */
export interface HeardRecordings extends Sinks {
  heard: { recording(batch: unknown): void };
}

const { heard } = proxySinks<HeardRecordings>();

export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      scheduleActivity(input, next) {
        if (input.activityType === 'recordEvents') heard.recording(input.args[0]);
        return next(input);
      },
    },
  ],
});
