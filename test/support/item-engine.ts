import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { inject } from 'vitest';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';
import { createActivities } from '../../src/activities/index.ts';
import type {
  Caller,
  CommandOutcome,
  CommandSender,
} from '../../src/api/commands/command-outcome.ts';
import { createCommandSender } from '../../src/api/commands/command-sender.ts';
import type { DeliveryDeps } from '../../src/api/commands/deliver-command.ts';
import { type TravelTarget, timeTravel } from '../../src/api/commands/time-travel.ts';
import { createChannelRegistry } from '../../src/channels/registry.ts';
import { getItem, type StoredItem } from '../../src/db/items.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import type { CommandType } from '../../src/domain/item-commands.ts';
import type { Role } from '../../src/domain/roles.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { createSourceRegistry } from '../../src/metrics/registry.ts';
import type { RunState } from '../../src/workflows/messages.ts';
import { makeWorkspace, openTestDb, type TestWorkspace } from './db-fixture.ts';
import { eventually } from './eventually.ts';
import { type SandboxProcess, startSandbox } from './sandbox-process.ts';

/** A worker on the real engine with a database, a task queue and a sandbox network of its own. */
export interface ItemEngine {
  deps: DeliveryDeps;
  sender: CommandSender;
  sandbox: SandboxProcess;
  workspace: TestWorkspace;
  channelAccountId: string;
  /** Stops the worker; commands then wait for the next one. */
  stopWorker(): Promise<void>;
  startWorker(): Promise<void>;
  callerFor(role: Role): Caller;
  start(body?: { title?: string }): Promise<string>;
  /** Sends a command as the member of `role` and answers its outcome. */
  send(
    role: Role,
    itemId: string,
    type: CommandType,
    body: object,
    commandId?: string,
  ): Promise<CommandOutcome>;
  item(itemId: string): Promise<StoredItem>;
  runState(itemId: string): Promise<RunState>;
  travel(itemId: string, target: TravelTarget): Promise<void>;
  close(): Promise<void>;
}

export async function openItemEngine(): Promise<ItemEngine> {
  const directory = mkdtempSync(join(tmpdir(), 'baton engine-'));
  const [database, sandbox, codePath] = await Promise.all([
    openTestDb(12),
    startSandbox(directory),
    buildWorkflowBundle(),
  ]);
  const address = inject('temporalAddress');
  const connection = await NativeConnection.connect({ address });
  const clientConnection = await Connection.connect({ address });
  const temporal = new Client({ connection: clientConnection });
  const taskQueue = `test-${randomUUID()}`;
  const http = createHttpClient({ allowedOrigins: [sandbox.url] });
  const activities = createActivities({
    db: database.db,
    temporal,
    channels: createChannelRegistry({ http, sandboxUrl: sandbox.url }),
    sources: createSourceRegistry({ http, sandboxUrl: sandbox.url }),
  });
  let running: { worker: Worker; done: Promise<void> } | null = null;
  const startWorker = async (): Promise<void> => {
    const worker = await Worker.create({
      connection,
      taskQueue,
      workflowBundle: { codePath },
      activities,
      stickyQueueScheduleToStartTimeout: '1 second',
      maxCachedWorkflows: 50,
    });
    running = { worker, done: worker.run() };
  };
  const stopWorker = async (): Promise<void> => {
    running?.worker.shutdown();
    await running?.done;
    running = null;
  };
  await startWorker();
  const workspace = await makeWorkspace(database.db);
  const deps: DeliveryDeps = {
    db: database.db,
    temporal,
    taskQueue,
    log: pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
  };
  const sender = createCommandSender(deps);
  const callerFor = (role: Role): Caller => ({
    workspaceId: workspace.workspaceId,
    memberId: workspace.memberOf(role),
    roles: [role],
  });
  const engine: ItemEngine = {
    deps,
    sender,
    sandbox,
    workspace,
    channelAccountId: workspace.channelAccounts[0]?.channelAccountId ?? '',
    startWorker,
    stopWorker,
    callerFor,
    async start(body = {}) {
      const outcome = await sender.start({
        caller: callerFor('strategist'),
        commandId: `http:key_test:${randomUUID()}`,
        source: 'http',
        bodyHash: 'a'.repeat(64),
        body: { title: 'An item of the test', ...body },
      });
      if (outcome.outcome !== 'applied') throw new Error(`start: ${JSON.stringify(outcome)}`);
      return outcome.itemId;
    },
    send: (role, itemId, type, body, commandId = `http:key_test:${randomUUID()}`) =>
      sender.send({
        caller: callerFor(role),
        itemId,
        type,
        body,
        commandId,
        source: 'http',
        bodyHash: JSON.stringify(body),
      }),
    async item(itemId) {
      const row = await getItem(database.db, { workspaceId: workspace.workspaceId, itemId });
      if (row === null) throw new Error(`${itemId} has no row`);
      return row;
    },
    runState: (itemId) =>
      temporal.workflow.getHandle(itemWorkflowId(itemId)).query<RunState>('state'),
    async travel(itemId, target) {
      const { workspaceId } = workspace;
      const outcome = await timeTravel(
        { db: database.db, temporal },
        { workspaceId, itemId, target },
      );
      if (outcome.outcome !== 'arrived') throw new Error(`travel: ${JSON.stringify(outcome)}`);
    },
    async close() {
      await stopWorker();
      await sandbox.stop();
      await clientConnection.close();
      await connection.close();
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return engine;
}

export { eventually };
