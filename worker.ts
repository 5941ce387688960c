import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { createActivities } from './src/activities/index.ts';
import { createStoredSessions } from './src/activities/publishing/channel-sessions.ts';
import { QUEUE_LIMITS } from './src/activities/queue-limits.ts';
import { openAssetStore } from './src/assets/asset-store.ts';
import { callCampaign } from './src/campaigns/call-campaign.ts';
import { createChannelRegistry } from './src/channels/registry.ts';
import { ConfigError } from './src/config/config-error.ts';
import { readWorkerConfig } from './src/config.ts';
import { createSecretBox } from './src/credentials/secret-box.ts';
import { createDb, type Database } from './src/db/client.ts';
import { HELD_ROLE_RULE, isRoleHeld } from './src/db/held-role.ts';
import { countClicks } from './src/db/publishing/outgoing-links.ts';
import { openWakeUps } from './src/db/wake-ups.ts';
import { currentWorkspace } from './src/db/workspace-scope.ts';
import type { CampaignKey } from './src/domain/campaign/campaign-run.ts';
import { MACHINE_VERSION } from './src/domain/item/item.machine.ts';
import {
  DELIVERY_SIGNAL,
  DELIVERY_WORKFLOW,
  deliveryWorkflowId,
  type SubscriptionKey,
} from './src/domain/outbound/delivery.ts';
import { hasRuns, queueName, TASK_QUEUES, type TaskQueue } from './src/domain/task-queues.ts';
import { announceBuild } from './src/engine/announce-build.ts';
import { buildIdOf, deploymentOf } from './src/engine/build-id.ts';
import { createDataConverter, FAILURE_CONVERTER_PATH } from './src/engine/data-converter.ts';
import { callRun } from './src/engine/delivery-runs.ts';
import { CLIENT_CHANNEL_ARGS, CLIENT_INTERCEPTORS } from './src/engine/interceptors.ts';
import { keepSchedules } from './src/engine/schedules.ts';
import {
  faultText,
  findSearchAttributeFaults,
  RegistrationClosed,
  setUpSearchAttributes,
} from './src/engine/search-attributes.ts';
import { tracedActivity } from './src/engine/tracing.ts';
import { startTracing } from './src/health/tracing.ts';
import { openWorkerMetrics } from './src/health/worker-metrics.ts';
import { createHttpClient } from './src/http/http-client.ts';
import { createLogger, temporalLogger } from './src/log.ts';
import { createSourceRegistry } from './src/metrics/registry.ts';
import { campaignCalls, startCampaignSweep } from './src/telling/campaign-calls.ts';
import { startDeliverySweep } from './src/telling/delivery-sweep.ts';
import { type OutboxConsumer, startDispatcher } from './src/telling/dispatcher.ts';
import { createMailer } from './src/telling/mail.ts';
import { startNoticeSender } from './src/telling/notice-sender.ts';
import { createNoticesConsumer } from './src/telling/notices-consumer.ts';
import { webhookEvents } from './src/telling/webhook-events.ts';

/** Longer than any activity may take, so that a graceful stop leaves no send unknown. */
const SHUTDOWN_GRACE = '40 seconds';
const SHUTDOWN_FORCE = '60 seconds';
const WORKER_HEARTBEAT = '10 seconds';
/**
 * A thousand items that are due at once and their sends: with fewer, each step of a post would replay
 * its run. About 0.13 MiB each (docs/benchmarks.md).
 */
const MAX_CACHED_RUNS = 2_000;
/** Of each schedule one run at a time. */
const MAX_SCHEDULED_RUNS = 10;

/** The replay of a long history takes a second of one thread: the other one goes on with the rest. */
const RUN_THREADS = 2;

/** The engine says when more polls would be answered at once. A burst finds so many that it need not wait for that. */
const POLLERS = { type: 'autoscaling', minimum: 5, initial: 10, maximum: 20 } as const;

/** Of the outbox's reader and the two sweeps: each does one thing after the other. */
const DISPATCHER_CONNECTIONS = 3;
/** Of what sends notices: they wait for servers of others, not for rows. */
const NOTICE_CONNECTIONS = 2;

const config = readWorkerConfig();
const tracing = startTracing({ program: 'worker', isExported: config.tracesExported });
const log = createLogger({ level: config.logLevel, program: 'worker' });
const metrics = await openWorkerMetrics(config);
Runtime.install({
  logger: temporalLogger(log),
  telemetryOptions: metrics.telemetry,
  shutdownSignals: ['SIGINT', 'SIGTERM'],
  // An idle worker's poll lasts a minute: its heartbeats are how a dead one is noticed sooner.
  workerHeartbeatInterval: WORKER_HEARTBEAT,
});

const connection = await NativeConnection.connect(config.temporal.connection);
const clientConnection = await Connection.connect({
  ...config.temporal.connection,
  interceptors: CLIENT_INTERCEPTORS,
  channelArgs: CLIENT_CHANNEL_ARGS,
});
const databases = openDatabases(config.databaseUrl);
// The local stack may run on a database of its user, with whatever role that has.
if (!config.local && !(await isRoleHeld(databases.items.db))) {
  throw new ConfigError([{ variable: 'DATABASE_URL', rule: HELD_ROLE_RULE }]);
}
const { namespace, taskQueue } = config.temporal;
await prepareNamespace();
const { sandboxUrl, allowedOrigins, publicUrl } = config;
const http = createHttpClient({
  allowedOrigins: sandboxUrl === null ? allowedOrigins : [...allowedOrigins, sandboxUrl],
});
const secrets = createSecretBox(config.secretKeys);
const dataConverter = createDataConverter(config.payloadKeys);
if (allowedOrigins.length > 0) {
  log.warn({ allowedOrigins }, 'requests to these origins are not checked for private addresses');
}

const temporal = new Client({ connection: clientConnection, namespace, dataConverter });
const assets = await openAssetStore({ directory: config.assetsDir, now: Date.now() });
const { workflowBundle, code } = await workflowCode(config.workflowBundle);
const version = {
  deploymentName: deploymentOf(taskQueue),
  buildId: config.buildId ?? buildIdOf(code, MACHINE_VERSION),
};
const isVersioned = config.buildId !== 'off';

await metrics.listen(log);
const wakeUps = openWakeUps(config.databaseUrl);
const workers = await Promise.all(config.queues.map(createWorker));
log.info({ taskQueue, namespace, queues: config.queues, ...version }, 'worker polls');
const ended = new AbortController();
const announced = isVersioned ? announce() : null;
const scheduled = config.queues.includes('watch')
  ? keepSchedules(temporal, { taskQueue, log, signal: ended.signal })
  : null;
const telling = createDb(config.databaseUrl, {
  max: DISPATCHER_CONNECTIONS,
  applicationName: 'baton dispatcher',
  scopedOnly: true,
});
const call = (campaign: CampaignKey) => callCampaign({ temporal, taskQueue }, campaign);
const consumers: OutboxConsumer[] = [
  webhookEvents(telling.db, startDelivery, { publicUrl }),
  campaignCalls(call),
  createNoticesConsumer({ hasMail: config.mail !== null }),
];
const dispatcher = startDispatcher({ db: telling.db, wakeUps, consumers, log });
const sweep = startDeliverySweep({ db: telling.db, wakeUps, startDelivery, log });
const campaignSweep = startCampaignSweep({ db: telling.db, call, log });
const notices = createDb(config.databaseUrl, {
  max: NOTICE_CONNECTIONS,
  applicationName: 'baton notices',
  scopedOnly: true,
});
const mailer = config.mail === null ? null : createMailer(config.mail, { publicUrl });
const noticeSender = startNoticeSender({ db: notices.db, secrets, http, mailer, log });
try {
  await runTogether(workers);
} finally {
  ended.abort();
  await announced;
  await scheduled;
  await Promise.all([dispatcher.stop(), sweep.stop(), campaignSweep.stop()]);
  await noticeSender.stop();
  await notices.close();
  await wakeUps.close();
  await telling.close();
  await metrics.close();
  await Promise.all(Object.values(databases).map((database) => database.close()));
  await clientConnection.close();
  await connection.close();
  await tracing.stop();
}

/** A build that could not be announced still works for the runs that are bound to it. */
async function announce(): Promise<void> {
  try {
    const isCurrent = await announceBuild(temporal, version, {
      machineVersion: MACHINE_VERSION,
      // The local stack names a build only to finish what began on an earlier one.
      takesOver: config.local && config.buildId === null,
      signal: ended.signal,
    });
    log.info({ ...version, isCurrent }, 'build announced');
  } catch (error) {
    if (!ended.signal.aborted) log.error({ ...version, err: error }, 'build not announced');
  }
}

/** An engine that is open to us gets what runs write; another one has to be prepared by its operator. */
async function prepareNamespace(): Promise<void> {
  const found = await findSearchAttributeFaults(clientConnection, namespace);
  const faults = faultText(found, namespace);
  if (faults === '') return;
  const refusal = new ConfigError([
    { variable: 'TEMPORAL_NAMESPACE', rule: `${faults}: run baton engine setup` },
  ]);
  if (found.otherType.length > 0) throw refusal;
  try {
    const added = await setUpSearchAttributes(clientConnection, namespace);
    log.info({ namespace, added }, 'search attributes registered');
  } catch (error) {
    throw error instanceof RegistrationClosed ? refusal : error;
  }
}

/** The worker of one queue, with connections and slots of its own. */
function createWorker(queue: TaskQueue): Promise<Worker> {
  const { db } = databases[queue];
  const sessions = createStoredSessions({ db, secrets });
  const activities = createActivities({
    db,
    measuringDb: databases.measuring.db,
    temporal,
    taskQueue,
    channels: createChannelRegistry({ http, sandboxUrl, sessions }),
    sources: createSourceRegistry({
      http,
      sandboxUrl,
      sessions,
      countClicks: (publicationId) =>
        countClicks(db, { workspaceId: currentWorkspace(), publicationId }),
    }),
    assets,
    secrets,
    http,
    wakeUps,
    log,
    noteSend: metrics.meters.noteSend,
    noteTidied: metrics.meters.noteTidied,
    keepDays: config.keepDays,
    checkpoints: config.checkpoints,
  });
  return Worker.create({
    connection,
    namespace,
    taskQueue: queueName(taskQueue, queue),
    // A run stays on the build that it began with until it is idle and asked to move.
    ...(isVersioned && {
      workerDeploymentOptions: {
        version,
        useWorkerVersioning: true,
        defaultVersioningBehavior: 'PINNED',
      },
    }),
    dataConverter,
    activities: activities[queue],
    maxConcurrentActivityTaskExecutions: QUEUE_LIMITS[queue].slots,
    activityTaskPollerBehavior: POLLERS,
    interceptors: { activity: [tracedActivity] },
    ...(hasRuns(queue) && runOptions(queue)),
    shutdownGraceTime: SHUTDOWN_GRACE,
    shutdownForceTime: SHUTDOWN_FORCE,
  });
}

/** Has a run deliver what a subscription waits for. */
function startDelivery(receiver: SubscriptionKey): Promise<void> {
  return callRun(temporal, {
    workflow: DELIVERY_WORKFLOW,
    workflowId: deliveryWorkflowId(receiver),
    signal: DELIVERY_SIGNAL,
    taskQueue,
    workspaceId: receiver.workspaceId,
    input: receiver,
  });
}

/** What a worker of runs has more than those of activities. */
function runOptions(queue: TaskQueue): Partial<WorkerOptions> {
  return {
    workflowBundle,
    ...(queue === 'items'
      ? {
          workflowTaskPollerBehavior: POLLERS,
          maxCachedWorkflows: MAX_CACHED_RUNS,
          workflowThreadPoolSize: RUN_THREADS,
        }
      : { maxCachedWorkflows: MAX_SCHEDULED_RUNS, workflowThreadPoolSize: 1 }),
    // After a kill -9 its tasks go to another worker in about a second instead of ten.
    stickyQueueScheduleToStartTimeout: '1 second',
  };
}

/** A pool connects when it is first asked: those of queues that this process does not serve never do. */
function openDatabases(databaseUrl: string): Record<TaskQueue, Database> {
  const pools = TASK_QUEUES.map((queue) => {
    const max = QUEUE_LIMITS[queue].connections;
    const applicationName = `baton ${queue}`;
    return [queue, createDb(databaseUrl, { max, applicationName, scopedOnly: true })];
  });
  // One for each name.
  return Object.fromEntries(pools);
}

/** Until all have ended. One that fails ends the others: half of a process must not look like one. */
async function runTogether(workers: readonly Worker[]): Promise<void> {
  const stopAll = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const ends = workers.map((worker) => worker.run().finally(stopAll));
  const outcomes = await Promise.allSettled(ends);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Production runs the prebuilt bundle; without one the sources are bundled at the start. */
async function workflowCode(
  bundle: string | null,
): Promise<{ workflowBundle: WorkflowBundleOption; code: string | Buffer }> {
  if (bundle !== null) {
    return { workflowBundle: { codePath: bundle }, code: await readFile(bundle) };
  }
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./src/workflows/index.ts', import.meta.url)),
    workflowInterceptorModules: [
      fileURLToPath(new URL('./src/workflows/tracing.ts', import.meta.url)),
    ],
    failureConverterPath: FAILURE_CONVERTER_PATH,
  });
  return { workflowBundle: { code }, code };
}
