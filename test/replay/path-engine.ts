import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { queueName, TASK_QUEUES } from '../../src/domain/task-queues.ts';
import { createTestNamespace } from '../support/test-namespace.ts';
import type { MachinePath } from './machine-paths.ts';
import { PathRun } from './path-run.ts';
import { Script, scriptedActivities } from './scripted-activities.ts';

/** Runs that are driven at once. */
const AT_ONCE = 6;

/** A worker on the real engine whose services answer as the paths of its items have it. */
export async function openPathEngine() {
  const address = inject('temporalAddress');
  const [codePath, connection, native] = await Promise.all([
    buildWorkflowBundle(),
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ]);
  const namespace = await createTestNamespace(connection);
  const temporal = new Client({ connection, namespace });
  const scripts = new Map<string, Script>();
  const taskQueue = `paths-${randomUUID()}`;
  const activities = scriptedActivities((itemId) => {
    const script = scripts.get(itemId);
    if (script === undefined) throw new Error(`${itemId} has no script`);
    return script;
  });
  const workers = await Promise.all(
    TASK_QUEUES.map((queue) =>
      Worker.create({
        connection: native,
        namespace,
        taskQueue: queueName(taskQueue, queue),
        activities: activities[queue],
        ...(queue === 'items' && { workflowBundle: { codePath }, workflowThreadPoolSize: 1 }),
      }),
    ),
  );
  const ends = workers.map((worker) => worker.run());
  return {
    temporal,
    /** One run per path; throws when one of them goes another way. */
    async walkAll(paths: readonly MachinePath[]): Promise<{ workflowId: string }[]> {
      const runs = paths.map((path, number) => {
        const script = new Script();
        const itemId = `itm_path${String(number).padStart(3, '0')}`;
        scripts.set(itemId, script);
        return new PathRun(temporal, { itemId, path, number, script, taskQueue });
      });
      const waiting = [...runs];
      const walkOn = async () => {
        for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) await run.walk();
      };
      await Promise.all(Array.from({ length: AT_ONCE }, walkOn));
      return runs.map(({ itemId }) => ({ workflowId: itemWorkflowId(itemId) }));
    },
    /** The workflow that stored the history of the first of them that is closed. */
    async archiveOf(runs: readonly { workflowId: string }[]): Promise<string> {
      for (const { workflowId } of runs) {
        const { runId, status } = await temporal.workflow.getHandle(workflowId).describe();
        if (status.name !== 'COMPLETED') continue;
        const archive = `archive:${workflowId.slice('item:'.length)}:${runId}`;
        await temporal.workflow.getHandle(archive).result();
        return archive;
      }
      throw new Error('no path ends in a closed item');
    },
    async close() {
      for (const worker of workers) worker.shutdown();
      await Promise.all(ends);
      await connection.close();
      await native.close();
    },
  };
}
