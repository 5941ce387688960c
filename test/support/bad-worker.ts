import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';

const BAD_DEPLOY = join(import.meta.dirname, 'bad-deploy.ts');

/** A worker of a bad deploy: no task of a run succeeds with it. */
export async function startBadWorker(queue: {
  temporal: Client;
  taskQueue: string;
}): Promise<{ stop(): Promise<void> }> {
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const worker = await Worker.create({
    connection,
    namespace: queue.temporal.options.namespace,
    taskQueue: queue.taskQueue,
    workflowBundle: { codePath: await buildWorkflowBundle({ workflowsPath: BAD_DEPLOY }) },
    debugMode: true,
    activities: { recordEvents: async () => {} },
  });
  const done = worker.run();
  return {
    async stop() {
      worker.shutdown();
      await done;
      await connection.close();
    },
  };
}
