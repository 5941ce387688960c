/** The worker of the bare variants: `worker.ts` with other workflows and activities, nothing else. */
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Pool } from 'undici';
import { readWorkerConfig } from '../../src/config.ts';
import { createDb } from '../../src/db/client.ts';
import { createLogger, temporalLogger } from '../../src/log.ts';
import { bareActivities } from './bare-activities.ts';

const config = readWorkerConfig();
if (config.workflowBundle === null) throw new Error('BATON_WORKFLOW_BUNDLE is required');
if (config.sandboxUrl === null) throw new Error('SANDBOX_URL is required');
const log = createLogger({ level: config.logLevel, program: 'bare worker' });
Runtime.install({ logger: temporalLogger(log), shutdownSignals: ['SIGINT', 'SIGTERM'] });
const connection = await NativeConnection.connect(config.temporal.connection);
const database = createDb(config.databaseUrl, { max: 10 });
const sandbox = new Pool(config.sandboxUrl);
const worker = await Worker.create({
  connection,
  namespace: config.temporal.namespace,
  taskQueue: config.temporal.taskQueue,
  workflowBundle: { codePath: config.workflowBundle },
  activities: bareActivities({ pool: database.pool, sandbox }),
  maxCachedWorkflows: 2_000,
  stickyQueueScheduleToStartTimeout: '1 second',
});
try {
  await worker.run();
} finally {
  await sandbox.close();
  await database.close();
  await connection.close();
}
