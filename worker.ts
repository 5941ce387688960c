import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { createActivities } from './src/activities/index.ts';
import { createStoredSessions } from './src/activities/publishing/channel-sessions.ts';
import { openAssetStore } from './src/assets/asset-store.ts';
import { createChannelRegistry } from './src/channels/registry.ts';
import { ConfigError } from './src/config/config-error.ts';
import { readWorkerConfig } from './src/config.ts';
import { createSecretBox } from './src/credentials/secret-box.ts';
import { createDb } from './src/db/client.ts';
import { HELD_ROLE_RULE, isRoleHeld } from './src/db/held-role.ts';
import { MACHINE_VERSION } from './src/domain/item/item.machine.ts';
import { announceBuild } from './src/engine/announce-build.ts';
import { buildIdOf, deploymentOf } from './src/engine/build-id.ts';
import { createDataConverter, FAILURE_CONVERTER_PATH } from './src/engine/data-converter.ts';
import { CLIENT_CHANNEL_ARGS, CLIENT_INTERCEPTORS } from './src/engine/interceptors.ts';
import { faultText, findSearchAttributeFaults } from './src/engine/search-attributes.ts';
import { createHttpClient } from './src/http/http-client.ts';
import { createLogger, temporalLogger } from './src/log.ts';
import { createSourceRegistry } from './src/metrics/registry.ts';

/** Longer than any activity may take, so that a graceful stop leaves no send unknown. */
const SHUTDOWN_GRACE = '40 seconds';
const SHUTDOWN_FORCE = '60 seconds';
const WORKER_HEARTBEAT = '10 seconds';
/**
 * A thousand items that are due at once and their sends: with fewer, each step of a post would replay
 * its run. About 0.13 MiB each (docs/benchmarks.md).
 */
const MAX_CACHED_RUNS = 2_000;

const config = readWorkerConfig();
const log = createLogger({ level: config.logLevel, program: 'worker' });
Runtime.install({
  logger: temporalLogger(log),
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
const database = createDb(config.databaseUrl, { max: 10, scopedOnly: true });
// The local stack may run on a database of its user, with whatever role that has.
if (!config.local && !(await isRoleHeld(database.db))) {
  throw new ConfigError([{ variable: 'DATABASE_URL', rule: HELD_ROLE_RULE }]);
}
const { namespace } = config.temporal;
const faults = faultText(await findSearchAttributeFaults(clientConnection, namespace), namespace);
if (faults !== '') {
  throw new ConfigError([
    { variable: 'TEMPORAL_NAMESPACE', rule: `${faults}: run baton engine setup` },
  ]);
}
const { sandboxUrl, allowedOrigins } = config;
const http = createHttpClient({
  allowedOrigins: sandboxUrl === null ? allowedOrigins : [...allowedOrigins, sandboxUrl],
});
const secrets = createSecretBox(config.secretKeys);
const dataConverter = createDataConverter(config.payloadKeys);
const sessions = createStoredSessions({ db: database.db, secrets });
if (allowedOrigins.length > 0) {
  log.warn({ allowedOrigins }, 'requests to these origins are not checked for private addresses');
}

const temporal = new Client({
  connection: clientConnection,
  namespace: config.temporal.namespace,
  dataConverter,
});
const { workflowBundle, code } = await workflowCode(config.workflowBundle);
const version = {
  deploymentName: deploymentOf(config.temporal.taskQueue),
  buildId: config.buildId ?? buildIdOf(code, MACHINE_VERSION),
};
const isVersioned = config.buildId !== 'off';

const worker = await Worker.create({
  connection,
  namespace: config.temporal.namespace,
  taskQueue: config.temporal.taskQueue,
  workflowBundle,
  // A run stays on the build that it began with until it is idle and asked to move.
  ...(isVersioned && {
    workerDeploymentOptions: {
      version,
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'PINNED',
    },
  }),
  dataConverter,
  activities: createActivities({
    db: database.db,
    temporal,
    channels: createChannelRegistry({ http, sandboxUrl, sessions }),
    sources: createSourceRegistry({ http, sandboxUrl }),
    assets: await openAssetStore({ directory: config.assetsDir, now: Date.now() }),
    secrets,
  }),
  maxCachedWorkflows: MAX_CACHED_RUNS,
  // After a kill -9 its tasks go to another worker in about a second instead of ten.
  stickyQueueScheduleToStartTimeout: '1 second',
  shutdownGraceTime: SHUTDOWN_GRACE,
  shutdownForceTime: SHUTDOWN_FORCE,
});

log.info(
  { taskQueue: config.temporal.taskQueue, namespace: config.temporal.namespace, ...version },
  'worker polls',
);
const ended = new AbortController();
const announced = isVersioned ? announce() : null;
try {
  await worker.run();
} finally {
  ended.abort();
  await announced;
  await database.close();
  await clientConnection.close();
  await connection.close();
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

/** Production runs the prebuilt bundle; without one the sources are bundled at the start. */
async function workflowCode(
  bundle: string | null,
): Promise<{ workflowBundle: WorkflowBundleOption; code: string | Buffer }> {
  if (bundle !== null) {
    return { workflowBundle: { codePath: bundle }, code: await readFile(bundle) };
  }
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./src/workflows/index.ts', import.meta.url)),
    failureConverterPath: FAILURE_CONVERTER_PATH,
  });
  return { workflowBundle: { code }, code };
}
