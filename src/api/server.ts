/** The HTTP process: configuration → dependencies → app and drainer → stop. Wiring only. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { openAssetStore } from '../assets/asset-store.ts';
import { createAudit } from '../audit/audit.ts';
import { accountFormOf } from '../channels/registry.ts';
import { createCommandSender } from '../commands/command-sender.ts';
import { startDrainer } from '../commands/queue/drainer.ts';
import { createTimeTravel } from '../commands/time-travel.ts';
import { ConfigError } from '../config/config-error.ts';
import { type ApiConfig, readApiConfig } from '../config.ts';
import { createSecretBox } from '../credentials/secret-box.ts';
import { createDb } from '../db/client.ts';
import { HELD_ROLE_RULE, isRoleHeld } from '../db/held-role.ts';
import { createDataConverter } from '../engine/data-converter.ts';
import { CLIENT_CHANNEL_ARGS, CLIENT_INTERCEPTORS } from '../engine/interceptors.ts';
import { TRACED_CALLS } from '../engine/tracing.ts';
import { createAuditPacks } from '../evidence/audit-pack.ts';
import { createMeters } from '../health/meters.ts';
import { startTracing } from '../health/tracing.ts';
import { createHttpClient } from '../http/http-client.ts';
import { createRedirector } from '../links/redirector.ts';
import { createLogger } from '../log.ts';
import { metricSourceKinds } from '../metrics/registry.ts';
import { createSlackReplies } from '../telling/slack-replies.ts';
import { createApp } from './app.ts';
import { createEngine } from './engine.ts';
import { createHttpServer } from './http-server.ts';
import { createReadiness } from './readiness.ts';
import { createRepairRequests } from './repair-requests.ts';

/** Behind a proxy this long passes between "not ready" and the last accepted connection. */
const LINGER_MS = 3_000;
/** What is under way may take this long after that. */
const DRAIN_MS = 12_000;
/** Longer than every step of a stop together: what still hangs then is given up, and said. */
const STOP_WITHIN_MS = 30_000;
const DATABASE_CONNECTIONS = 16;

const config = readApiConfig();
const tracing = startTracing({ program: 'api', isExported: config.tracesExported });
const log = createLogger({ level: config.logLevel, program: 'api' });
const database = createDb(config.databaseUrl, {
  max: DATABASE_CONNECTIONS,
  applicationName: 'baton-api',
  scopedOnly: true,
  onConnectionLost: ({ name }) => log.warn({ reason: name }, 'database connection lost'),
});
// Lazy: an API that starts while the engine is away answers what it can and says so in /readyz.
const connection = Connection.lazy({
  ...config.temporal.connection,
  interceptors: CLIENT_INTERCEPTORS,
  channelArgs: CLIENT_CHANNEL_ARGS,
});
const { namespace, taskQueue } = config.temporal;
const temporal = new Client({
  connection,
  namespace,
  dataConverter: createDataConverter(config.payloadKeys),
  interceptors: { workflow: [TRACED_CALLS] },
});
const { db } = database;
// The local stack may run on a database of its user, with whatever role that has.
if (!config.local && !(await isRoleHeld(db))) {
  throw new ConfigError([{ variable: 'DATABASE_URL', rule: HELD_ROLE_RULE }]);
}

let stopping = false;
const meters = createMeters();
meters.watchProcess();
const { noteVerdict } = meters;
const delivery = { db, temporal, taskQueue, log, noteVerdict };
const sender = createCommandSender(delivery);
const engine = createEngine({ temporal, taskQueue, log });
const secrets = createSecretBox(config.secretKeys);
const metricSources = metricSourceKinds({
  http: createHttpClient({ allowedOrigins: config.allowedOrigins }),
  sandboxUrl: null,
});
const requests = createRepairRequests({ db, secrets, accountFormOf, metricSources, engine });
const redirector = createRedirector({ db, log });
const app = createApp({
  db,
  sender,
  engine,
  audit: createAudit({ ...delivery, sender, requests }),
  packs: createAuditPacks({ db, temporal }),
  readiness: createReadiness({ db, engine, isStopping: () => stopping }),
  meters,
  assets: await openAssetStore({ directory: config.assetsDir, now: Date.now() }),
  secrets,
  accountFormOf,
  metricSources,
  redirector,
  timeTravel: config.local ? createTimeTravel({ db, temporal }) : null,
  slackReply: createSlackReplies(
    createHttpClient({ allowedOrigins: config.allowedOrigins }),
    config.allowedOrigins,
  ),
  settings: config,
  log,
});
const server = await listen(config);
const drainer = startDrainer(delivery);

let signals = 0;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    signals += 1;
    // Whoever asks twice does not want to wait.
    if (signals > 1) process.exit(1);
    void stop(signal);
  });
}

async function listen({ host, port }: Pick<ApiConfig, 'host' | 'port'>): Promise<Server> {
  const listener = createHttpServer(app, log);
  listener.listen(port, host);
  try {
    await once(listener, 'listening');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.fatal({ host, port, reason }, 'cannot listen');
    process.exit(1);
  }
  log.info({ url: urlOf(listener) }, 'API listens');
  return listener;
}

function urlOf(listener: Server): string {
  const address = listener.address();
  if (address === null || typeof address === 'string') return String(address);
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}

/** Not ready → no new connections → what is under way → everything closed. */
async function stop(signal: string): Promise<void> {
  log.info({ signal }, 'API stops');
  stopping = true;
  setTimeout(() => {
    log.error({ withinMs: STOP_WITHIN_MS }, 'API did not stop in time');
    process.exit(1);
  }, STOP_WITHIN_MS);
  if (config.behindTlsProxy) await delay(LINGER_MS);
  const closed = once(server, 'close');
  server.close();
  const sweep = setInterval(() => server.closeIdleConnections(), 100);
  const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(late);
  await drainer.stop();
  await redirector.stop();
  await database.close();
  await connection.close();
  await tracing.stop();
  log.info({}, 'API stopped');
  // The engine's client retries on timers of its own, which would hold the process.
  process.exit(0);
}
