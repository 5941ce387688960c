import type { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { readRunStatus } from './run-status.ts';

/** The engine as it describes an open run with one activity that failed before. */
function engineWith(activity: { name: string; attempt: number; type: string }): Client {
  const { name, attempt, type } = activity;
  const description = {
    workflowExecutionInfo: { status: 1, execution: { runId: 'run' }, taskQueue: 'queue' },
    pendingActivities: [
      {
        activityType: { name },
        attempt,
        lastFailure: { message: 'as it says', applicationFailureInfo: { type } },
      },
    ],
  };
  const client: unknown = {
    options: { namespace: 'default' },
    workflowService: { describeWorkflowExecution: async () => description },
    withDeadline: <T>(_: number, fn: () => Promise<T>) => fn(),
    withAbortSignal: <T>(_: AbortSignal, fn: () => Promise<T>) => fn(),
  };
  return client as Client;
}

async function look(name: string, attempt: number, type: string) {
  const engine = engineWith({ name, attempt, type });
  const run = await readRunStatus(engine, { workflowId: 'item:itm_1' }, Date.now() + 5_000);
  if (run.state !== 'open') throw new Error(run.state);
  return { codes: run.troubles.map(({ code }) => code), isRecording: run.isRecording };
}

describe('an activity that comes again', () => {
  it.each(['LeaseRuns', 'SecondLook', 'Banned'])(
    'is not failing while it waits: %s',
    async (type) => {
      expect((await look('reconcilePublication', 7, type)).codes).toEqual([]);
    },
  );

  it.each(['CannotTell', 'Unexpected', 'ChainConflict'])('is failing for %s', async (type) => {
    expect((await look('reconcilePublication', 3, type)).codes).toEqual(['activity_failing']);
    expect((await look('reconcilePublication', 2, type)).codes).toEqual([]);
  });

  it('is on its way to the tables as long as it does not fail', async () => {
    expect((await look('recordEvents', 1, '')).isRecording).toBe(true);
    expect((await look('sendPublication', 1, '')).isRecording).toBe(true);
    expect((await look('recordEvents', 3, 'Unexpected')).isRecording).toBe(false);
    expect((await look('collectReadings', 1, '')).isRecording).toBe(false);
  });
});
