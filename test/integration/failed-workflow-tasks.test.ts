import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { CLIENT_INTERCEPTORS } from '../../src/engine/interceptors.ts';
import { eventually } from '../support/eventually.ts';
import { failedWorkflowTasks } from '../support/failed-workflow-tasks.ts';
import { createTestNamespace } from '../support/test-namespace.ts';

/** What other files ask of their runs, that no workflow task failed, sees one that does. */

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

let connection: Connection;
let client: Client;
beforeAll(async () => {
  connection = await Connection.connect({
    address: inject('temporalAddress'),
    interceptors: CLIENT_INTERCEPTORS,
  });
  client = new Client({ connection, namespace: await createTestNamespace(connection) });
});
afterAll(() => connection?.close());

describe('the failed workflow tasks of a namespace', () => {
  it('are those of a worker whose code cannot carry a run on', async () => {
    const workflowId = `failing-${randomUUID()}`;
    const taskQueue = `test-${randomUUID()}`;
    const among = [workflowId];
    const handle = await client.workflow.start('contentItem', { workflowId, taskQueue });
    expect(await failedWorkflowTasks(client, { among })).toEqual([]);
    const native = await NativeConnection.connect({ address: inject('temporalAddress') });
    const bad = await Worker.create({
      connection: native,
      namespace: client.options.namespace,
      taskQueue,
      workflowsPath: join(import.meta.dirname, '..', 'support', 'bad-deploy.ts'),
      debugMode: true,
    });
    const failed = await bad.runUntil(
      eventually(
        async () => {
          const found = await failedWorkflowTasks(client, { among });
          return found.length > 0 ? found : null;
        },
        { what: 'a failed workflow task' },
      ),
    );
    await native.close();
    await handle.terminate();
    expect(failed).toEqual([{ workflowId, message: expect.stringContaining('a bad deploy') }]);
  });
});
