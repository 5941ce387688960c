import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { type LocalPostgres, startPostgres } from '../../scripts/local/postgres.ts';
import { removePostgresDirectory } from '../../scripts/local/postgres-files.ts';
import { makeProgramLogin } from '../../scripts/local/program-login.ts';
import { prepareWorkflowBundle } from '../../scripts/local/stack-programs.ts';
import { type LocalTemporal, startTemporal } from '../../scripts/local/temporal.ts';
import { migrate } from '../../src/db/migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Superuser connection string of the test run's PostgreSQL, to the database `postgres`. */
    databaseUrl: string;
    /** `host:port` of the test run's Temporal server. */
    temporalAddress: string;
    /** Name of the migrated database that test databases are copied from. */
    templateDatabase: string;
    /** Connection string of the role that programs use, to the template database. */
    programUrl: string;
  }
}

const TEMPLATE_DATABASE = 'baton_template';

/** A crash of a server loses nothing without fsync; only a power cut would. No test's tables live long. */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  max_connections: '400',
};

interface TestStack {
  postgres: LocalPostgres;
  temporal: LocalTemporal;
  programUrl: string;
  stop(): Promise<void>;
}

/**
 * Vitest calls this once per project, each time in a fresh module: the one stack of the run and
 * the number of projects that use it are therefore kept on the process.
 */
const SHARED = Symbol.for('baton.test-stack');
interface Shared {
  users: number;
  stack: Promise<TestStack>;
}
const holder: typeof globalThis & { [SHARED]?: Shared } = globalThis;

/** Starts one PostgreSQL and one Temporal server for all projects that need services. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared: Shared = holder[SHARED] ?? { users: 0, stack: startTestStack() };
  holder[SHARED] = shared;
  shared.users += 1;
  const stack = await shared.stack;
  project.provide('databaseUrl', stack.postgres.url);
  project.provide('temporalAddress', stack.temporal.address);
  project.provide('templateDatabase', TEMPLATE_DATABASE);
  project.provide('programUrl', stack.programUrl);
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    delete holder[SHARED];
    await stack.stop();
  };
}

async function startTestStack(): Promise<TestStack> {
  // For the engine's server, which has memory enough: it collects garbage less often.
  process.env['GOGC'] ??= '400';
  const directory = mkdtempSync(join(tmpdir(), 'baton test-'));
  chmodSync(directory, 0o711);
  const postgresDirectory = join(directory, 'postgres');
  const started = await Promise.allSettled([
    startPostgres({ directory: postgresDirectory, settings: SETTINGS }),
    startTemporal({ directory: join(directory, 'temporal'), uiPort: false, waitsForDisk: false }),
    // Here, and not in each of the stacks and engines that are started first.
    prepareWorkflowBundle(process.env),
  ] as const);
  const [postgres, temporal, bundle] = started;
  async function stop(): Promise<void> {
    await Promise.all(
      [postgres, temporal].map((part) => (part.status === 'fulfilled' ? part.value.stop() : null)),
    );
    removePostgresDirectory(postgresDirectory);
    rmSync(directory, { recursive: true, force: true });
  }
  if (
    postgres.status === 'rejected' ||
    temporal.status === 'rejected' ||
    bundle.status === 'rejected'
  ) {
    await stop();
    throw new AggregateError(
      started.flatMap((part) => (part.status === 'rejected' ? [part.reason] : [])),
      'The services of the tests did not start',
    );
  }
  try {
    const programUrl = await createTemplateDatabase(postgres.value.url);
    return { postgres: postgres.value, temporal: temporal.value, programUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The database every test database is copied from: migrated once instead of once per test file. */
async function createTemplateDatabase(adminUrl: string): Promise<string> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(`create database ${TEMPLATE_DATABASE}`);
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.pathname = `/${TEMPLATE_DATABASE}`;
  await migrate(url.href);
  return makeProgramLogin(url.href, 'baton_test');
}
