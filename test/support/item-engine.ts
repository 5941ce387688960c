import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { inject } from 'vitest';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';
import { createActivities } from '../../src/activities/index.ts';
import { createStoredSessions } from '../../src/activities/publishing/channel-sessions.ts';
import type { SendTiming } from '../../src/activities/publishing/send-timing.ts';
import { createEngine } from '../../src/api/engine.ts';
import { createRepairRequests } from '../../src/api/repair-requests.ts';
import { openAssetStore } from '../../src/assets/asset-store.ts';
import type { createAudit } from '../../src/audit/audit.ts';
import {
  accountFormOf,
  type ChannelRegistry,
  createChannelRegistry,
} from '../../src/channels/registry.ts';
import type {
  Caller,
  CommandOutcome,
  CommandRequest,
  CommandSender,
  StartOutcome,
} from '../../src/commands/command-outcome.ts';
import { createCommandSender } from '../../src/commands/command-sender.ts';
import type { DeliveryDeps } from '../../src/commands/deliver-command.ts';
import { startDrainer } from '../../src/commands/queue/drainer.ts';
import { type TravelTarget, timeTravel } from '../../src/commands/time-travel.ts';
import type { WorkerConfig } from '../../src/config.ts';
import { type BoxKey, createSecretBox, type SecretBox } from '../../src/credentials/secret-box.ts';
import { type CommandRow, getCommand } from '../../src/db/item/commands.ts';
import { readChain, type StoredEvent } from '../../src/db/item/item-events.ts';
import { getItem, type StoredItem } from '../../src/db/item/items.ts';
import { type IntentRow, listIntents } from '../../src/db/publishing/publish-intents.ts';
import { intentKeyOf, markerOf } from '../../src/domain/channel/publication-intent.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import type { StartItemBody } from '../../src/domain/item/command-bodies.ts';
import type { CommandType } from '../../src/domain/item/commands.ts';
import type { ItemContext } from '../../src/domain/item/context.ts';
import type { CommandAnswer } from '../../src/domain/item/record-schema.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { hasRuns, queueName, TASK_QUEUES, type TaskQueue } from '../../src/domain/task-queues.ts';
import { deploymentOf } from '../../src/engine/build-id.ts';
import { createDataConverter } from '../../src/engine/data-converter.ts';
import { CLIENT_CHANNEL_ARGS, CLIENT_INTERCEPTORS } from '../../src/engine/interceptors.ts';
import { TRACED_CALLS, tracedActivity } from '../../src/engine/tracing.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { createSourceRegistry, metricSourceKinds } from '../../src/metrics/registry.ts';
import type { RunState } from '../../src/workflows/messages.ts';
import { makeWorkspace, openTestDb, type TestWorkspace } from './db-fixture.ts';
import { eventually } from './eventually.ts';
import { type LedgerPost, type SandboxNetwork, startSandbox } from './sandbox-network.ts';
import { createTestNamespace } from './test-namespace.ts';
import { spawnWorker, type WorkerProcess } from './worker-process.ts';

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  shutdownSignals: [],
  // As in worker.ts: readiness and audit count on it.
  workerHeartbeatInterval: '10 seconds',
});

/** How a command is sent besides its body. */
export interface SendOptions {
  commandId?: string;
  ifMatch?: string;
  /** Of another member than the one who is made for the role. */
  caller?: Caller;
}

type SentCommand = [
  role: Role,
  itemId: string,
  type: CommandType,
  body?: object,
  options?: SendOptions,
];

/** What a program delivers commands and audits with. */
export type AuditDeps = Parameters<typeof createAudit>[0];

/** A worker of a build beside that of the engine. */
export interface BuildWorker {
  stop(): Promise<void>;
}

/** A worker on the real engine with a database, a task queue and a sandbox network of its own. */
export interface ItemEngine {
  /** With the database as its owner sees it, for what a test looks up or prepares. */
  deps: AuditDeps;
  /** The same with the database as a program sees it. */
  programDeps: AuditDeps;
  sender: CommandSender;
  sandbox: SandboxNetwork;
  workspace: TestWorkspace;
  channelAccountId: string;
  /** What the workers open credentials with. */
  secrets: SecretBox;
  /** Stops the worker of this process; commands then wait for the next one. */
  stopWorker(): Promise<void>;
  startWorker(): Promise<void>;
  /** One more worker, of a build: with the workflows of the engine or those of a file. It ends with the engine. */
  startBuild(buildId: string, workflowsPath?: string): Promise<BuildWorker>;
  /** A worker as a process of its own, which can be killed. It ends with the engine. `change` is of its environment. */
  spawnWorker(change?: Record<string, string>): Promise<WorkerProcess>;
  callerFor(role: Role): Caller;
  requestStart(body?: Partial<StartItemBody>, commandId?: string): Promise<StartOutcome>;
  /** @returns the id of a started item. */
  start(body?: Partial<StartItemBody>): Promise<string>;
  /** Sends a command as the member of `role`, once. */
  send(...command: SentCommand): Promise<CommandOutcome>;
  /** The same, and again until it has a verdict: a loaded machine may answer "pending". */
  verdict(...command: SentCommand): Promise<CommandOutcome>;
  /** The same, for a command that has to be accepted. */
  apply(...command: SentCommand): Promise<CommandAnswer>;
  item(itemId: string): Promise<StoredItem>;
  /** What the item's row knows of the run. */
  context(itemId: string): Promise<ItemContext>;
  chain(itemId: string): Promise<StoredEvent[]>;
  command(id: string): Promise<CommandRow>;
  runState(itemId: string): Promise<RunState>;
  historyLength(itemId: string): Promise<number>;
  /** What the posts of an item carry. */
  marker(itemId: string, slotNumber?: number): string;
  /** What the send ledger of the database holds of an item. */
  intents(itemId: string): Promise<IntentRow[]>;
  /** The ledger's lines of an item. */
  posts(itemId: string): LedgerPost[];
  travel(itemId: string, target: TravelTarget): Promise<void>;
  /** Waits until the item's row satisfies the check. */
  until(
    itemId: string,
    what: string,
    check: (context: ItemContext) => boolean,
  ): Promise<ItemContext>;
  /** Drains until the command has a verdict, and gives its row. */
  drain(commandId: string): Promise<CommandRow>;
  close(): Promise<void>;
}

export function newCommandId(): string {
  return `http:key_test:${randomUUID()}`;
}

export interface EngineOptions {
  /** History events above which every item started here continues as new. */
  continueAbove?: number;
  /** What this process publishes through instead of the adapters that there are. */
  channels?: (real: ChannelRegistry) => ChannelRegistry;
  sendTiming?: Partial<SendTiming>;
  /** How long a network may take to answer the worker of this process. */
  answerWithinMs?: number;
  /** Workflows that the worker of this process runs instead of those of the program. */
  workflowsPath?: string;
  /** Build of the worker of this process; without one its runs are bound to none. */
  buildId?: string;
  /** What encrypts what the engine stores; without one that is plain. */
  payloadKey?: BoxKey;
  /** Servers on loopback that adapters may reach beside the sandbox. */
  allowedOrigins?: string[];
  /** What the worker of this process signs checkpoints with; without it none is recorded. */
  checkpoints?: WorkerConfig['checkpoints'];
}

export async function openItemEngine(options: EngineOptions = {}): Promise<ItemEngine> {
  const directory = mkdtempSync(join(tmpdir(), 'baton engine-'));
  const [database, sandbox, codePath] = await Promise.all([
    openTestDb(24),
    startSandbox(directory),
    buildWorkflowBundle(),
  ]);
  const { db } = database;
  const address = inject('temporalAddress');
  const connection = await NativeConnection.connect({ address });
  const clientConnection = await Connection.connect({
    address,
    interceptors: CLIENT_INTERCEPTORS,
    channelArgs: CLIENT_CHANNEL_ARGS,
  });
  const namespace = await createTestNamespace(clientConnection);
  const { payloadKey } = options;
  const dataConverter = createDataConverter(
    payloadKey === undefined
      ? { current: null, all: [] }
      : { current: payloadKey, all: [payloadKey] },
  );
  const temporal = clientOf(clientConnection, namespace, { ...options, dataConverter });
  const taskQueue = `test-${randomUUID()}`;
  const { allowedOrigins = [], answerWithinMs } = options;
  const http = createHttpClient({
    allowedOrigins: [sandbox.url, ...allowedOrigins],
    ...(answerWithinMs !== undefined && { timeoutMs: answerWithinMs }),
  });
  const secretKey = newSecretKey();
  const secrets = createSecretBox({ current: secretKey, all: [secretKey] });
  const sessions = createStoredSessions({ db: database.program, secrets });
  const realChannels = createChannelRegistry({ http, sandboxUrl: sandbox.url, sessions });
  const activities = createActivities({
    checkpoints: options.checkpoints ?? null,
    db: database.program,
    measuringDb: database.program,
    temporal,
    taskQueue,
    channels: options.channels?.(realChannels) ?? realChannels,
    ...(options.sendTiming !== undefined && { sendTiming: options.sendTiming }),
    sources: createSourceRegistry({ http, sandboxUrl: sandbox.url, sessions }),
    assets: await openAssetStore({ directory: join(directory, 'assets'), now: Date.now() }),
    keepDays: {
      commands: 365,
      answers: 90,
      findings: 180,
      accounts: 30,
      files: 30,
      deliveries: 30,
      notices: 90,
    },
    secrets,
    http,
    log: { warn: () => {} },
    // What is due is looked for all the same.
    wakeUps: { next: () => new Promise(() => {}) },
  });
  const { workflowsPath } = options;
  const bundlePath =
    workflowsPath === undefined ? codePath : await buildWorkflowBundle({ workflowsPath });
  const { buildId } = options;
  let running: { worker: Worker; done: Promise<void> }[] = [];
  const processes: WorkerProcess[] = [];
  const builds: BuildWorker[] = [];
  const createWorker = (queue: TaskQueue, bundle: string, build?: string): Promise<Worker> =>
    Worker.create({
      connection,
      namespace,
      taskQueue: queueName(taskQueue, queue),
      ...(build !== undefined && {
        workerDeploymentOptions: {
          version: { deploymentName: deploymentOf(taskQueue), buildId: build },
          useWorkerVersioning: true,
          defaultVersioningBehavior: 'PINNED',
        },
      }),
      dataConverter,
      activities: activities[queue],
      activityTaskPollerBehavior: { type: 'autoscaling', initial: 1 },
      interceptors: { activity: [tracedActivity] },
      ...(hasRuns(queue) && {
        workflowBundle: { codePath: bundle },
        stickyQueueScheduleToStartTimeout: '1 second',
        maxCachedWorkflows: 50,
        // Each thread loads the bundle anew; one file's runs do not fill a second one.
        workflowThreadPoolSize: 1,
      }),
    });
  const startWorkers = async (bundle: string, build?: string) => {
    const workers = await Promise.all(
      TASK_QUEUES.map((queue) => createWorker(queue, bundle, build)),
    );
    return workers.map((worker) => ({ worker, done: worker.run() }));
  };
  const startWorker = async (): Promise<void> => {
    running = await startWorkers(bundlePath, buildId);
  };
  const stopWorker = async (): Promise<void> => {
    for (const { worker } of running) worker.shutdown();
    await Promise.all(running.map(({ done }) => done));
    running = [];
  };
  await startWorker();
  const workspace = await makeWorkspace(db);
  const { workspaceId } = workspace;
  const channelAccountId = workspace.channelAccounts[0]?.channelAccountId ?? '';
  const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' });
  const delivery: DeliveryDeps = { db, temporal, taskQueue, log };
  const sender = createCommandSender(delivery);
  const api = createEngine({ temporal, taskQueue, log });
  const requests = createRepairRequests({
    db,
    secrets,
    accountFormOf,
    metricSources: metricSourceKinds({ http, sandboxUrl: sandbox.url }),
    engine: api,
  });
  const deps = { ...delivery, sender, requests };
  const callerFor = (role: Role): Caller => ({
    workspaceId,
    memberId: workspace.memberOf(role),
    roles: [role],
  });
  const requestOf = ([
    role,
    itemId,
    type,
    body = {},
    options = {},
  ]: SentCommand): CommandRequest => {
    const { caller = callerFor(role), commandId = newCommandId(), ifMatch } = options;
    return {
      caller,
      itemId,
      type,
      body,
      commandId,
      source: 'http',
      bodyHash: JSON.stringify(body),
      ...(ifMatch !== undefined && { ifMatch }),
    };
  };
  const engine: ItemEngine = {
    deps,
    programDeps: { ...deps, db: database.program },
    sender,
    sandbox,
    workspace,
    channelAccountId,
    secrets,
    startWorker,
    stopWorker,
    callerFor,
    async startBuild(build, workflowsPath) {
      const bundle =
        workflowsPath === undefined ? bundlePath : await buildWorkflowBundle({ workflowsPath });
      const ofBuild = await startWorkers(bundle, build);
      let stopped: Promise<unknown> | null = null;
      const started: BuildWorker = {
        async stop() {
          if (stopped === null) for (const { worker } of ofBuild) worker.shutdown();
          stopped ??= Promise.all(ofBuild.map(({ done }) => done));
          await stopped;
        },
      };
      builds.push(started);
      return started;
    },
    async spawnWorker(change = {}) {
      const worker = await spawnWorker({
        DATABASE_URL: database.programUrl,
        TEMPORAL_ADDRESS: address,
        TEMPORAL_NAMESPACE: namespace,
        TASK_QUEUE: taskQueue,
        SANDBOX_URL: sandbox.url,
        BATON_WORKFLOW_BUNDLE: bundlePath,
        // It takes the runs of the worker of this process.
        BATON_BUILD_ID: 'off',
        BATON_ASSETS_DIR: join(directory, 'assets'),
        BATON_SECRET_KEY: secretKey.bytes.toString('base64'),
        BATON_ALLOWED_ORIGINS: allowedOrigins.join(','),
        BATON_PAYLOAD_KEY: payloadKey?.bytes.toString('base64') ?? 'off',
        ...change,
      });
      processes.push(worker);
      return worker;
    },
    requestStart: (change = {}, commandId = newCommandId()) => {
      const body = { title: 'An item of the test', ...change };
      const caller = callerFor('strategist');
      const bodyHash = JSON.stringify(body);
      return untilSettled(() =>
        sender.start({ caller, commandId, source: 'http', bodyHash, body }),
      );
    },
    async start(body) {
      const outcome = await engine.requestStart(body);
      if (outcome.outcome !== 'applied') throw new Error(`start: ${JSON.stringify(outcome)}`);
      return outcome.itemId;
    },
    send: (...command) => sender.send(requestOf(command)),
    verdict(...command) {
      const request = requestOf(command);
      return untilSettled(() => sender.send(request));
    },
    async apply(...command) {
      const outcome = await engine.verdict(...command);
      if (outcome.outcome === 'applied') return outcome.answer;
      throw new Error(`${command[2]}: ${JSON.stringify(outcome)}`);
    },
    async item(itemId) {
      const row = await getItem(db, { workspaceId, itemId });
      if (row === null) throw new Error(`${itemId} has no row`);
      return row;
    },
    context: async (itemId) => (await engine.item(itemId)).snapshot.context,
    chain: (itemId) => readChain(db, { workspaceId, itemId }),
    async command(id) {
      const row = await getCommand(db, { workspaceId, id });
      if (row === null) throw new Error(`${id} has no row`);
      return row;
    },
    runState: (itemId) =>
      temporal.workflow.getHandle(itemWorkflowId(itemId)).query<RunState>('state'),
    historyLength: async (itemId) =>
      (await temporal.workflow.getHandle(itemWorkflowId(itemId)).describe()).historyLength,
    marker: (itemId, slotNumber = 1) =>
      markerOf(intentKeyOf({ workspaceId, itemId, channelAccountId, slotNumber })),
    intents: (itemId) => listIntents(db, { workspaceId, itemId }),
    posts(itemId) {
      const markers = [1, 2, 3, 4, 5].map((slot) => engine.marker(itemId, slot));
      return sandbox.ledger().filter(({ marker }) => markers.includes(marker));
    },
    async travel(itemId, target) {
      const outcome = await timeTravel({ db, temporal }, { workspaceId, itemId, target });
      if (outcome.outcome !== 'arrived') throw new Error(`travel: ${JSON.stringify(outcome)}`);
    },
    until: (itemId, what, check) =>
      eventually(
        async () => {
          const context = await engine.context(itemId);
          return check(context) ? context : null;
        },
        { what: `${itemId}: ${what}` },
      ),
    async drain(commandId) {
      const drainer = startDrainer(deps, { pauseMs: 50 });
      try {
        return await eventually(
          async () => {
            const row = await engine.command(commandId);
            return row.state === 'pending' ? null : row;
          },
          { what: `a verdict for ${commandId}` },
        );
      } finally {
        await drainer.stop();
      }
    },
    async close() {
      await stopWorker();
      await Promise.all(builds.map((worker) => worker.stop()));
      await Promise.all(processes.map((worker) => worker.kill()));
      await sandbox.stop();
      await clientConnection.close();
      await connection.close();
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return engine;
}

/** With the id that a worker of its own gives the same key. */
export function newSecretKey(): BoxKey {
  const bytes = randomBytes(32);
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes };
}

/** Sends the same id again, as a client would. */
function untilSettled<T extends { outcome: string }>(send: () => Promise<T>): Promise<T> {
  return eventually(
    async () => {
      const outcome = await send();
      return outcome.outcome === 'pending' ? null : outcome;
    },
    { what: 'a verdict' },
  );
}

function clientOf(
  connection: Connection,
  namespace: string,
  { continueAbove, dataConverter }: { continueAbove?: number; dataConverter: DataConverter },
): Client {
  return new Client({
    connection,
    namespace,
    dataConverter,
    interceptors: {
      workflow: [
        TRACED_CALLS,
        {
          start(input, next) {
            if (continueAbove === undefined) return next(input);
            const [first, ...rest] = input.options.args;
            const args = [Object.assign({}, first, { continueAbove }), ...rest];
            return next({ ...input, options: { ...input.options, args } });
          },
        },
      ],
    },
  });
}
