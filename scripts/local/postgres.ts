import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import {
  type BoundProcess,
  describeExit,
  type ProcessExit,
  startBoundProcess,
  waitUntilReady,
} from './bound-process.ts';
import { LOOPBACK, startOnFreePort } from './ports.ts';
import {
  findPostgresBinaries,
  findPostgresOwner,
  type PostgresBinaries,
  type PostgresOwner,
  preparePostgresDirectory,
} from './postgres-files.ts';

/** Where the embedded PostgreSQL keeps its state and listens. */
export interface PostgresOptions {
  /** Holds the cluster and the file with the generated password (mode 0600). Created if missing. */
  directory: string;
  /** Preferred port; a free one is taken when somebody has it or none is given. */
  port?: number | undefined;
  /** Take `port` or fail: a server that is started again must be where its clients look for it. */
  exactPort?: boolean;
  /** Server settings, as in postgresql.conf. */
  settings?: Readonly<Record<string, string>>;
  onLine?: ((line: string) => void) | undefined;
}

/** A running embedded PostgreSQL. */
export interface LocalPostgres {
  /** Connection string of the superuser `postgres` to the database `postgres`. A secret. */
  readonly url: string;
  readonly port: number;
  readonly process: BoundProcess;
  /** Fast shutdown: open connections are ended, nothing committed is lost. */
  stop(): Promise<ProcessExit>;
}

const SUPERUSER = 'postgres';

/**
 * Starts PostgreSQL 18 on the loopback address (no unix socket) and waits until it answers a
 * query. The first start creates the cluster with a generated password.
 *
 * @throws Error with the server's last lines when it does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const owner = findPostgresOwner();
  const binaries = findPostgresBinaries(owner);
  const dataDirectory = preparePostgresDirectory(options.directory, owner);
  const password = readOrCreatePassword(join(options.directory, 'password'));
  if (!existsSync(join(dataDirectory, 'PG_VERSION'))) {
    await createCluster({ binaries, owner, dataDirectory, password });
  }
  removeStalePidFile(dataDirectory);

  const startOn = (port: number) =>
    startServer({ ...options, binaries, owner, dataDirectory, password }, port);
  if (options.exactPort && options.port) return startOn(options.port);
  return startOnFreePort(options.port, startOn);
}

async function startServer(
  cluster: PostgresOptions & ClusterOptions,
  port: number,
): Promise<LocalPostgres> {
  const { binaries, owner, dataDirectory, password } = cluster;
  const settings = {
    listen_addresses: LOOPBACK,
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    ...cluster.settings,
  };
  const server = await startBoundProcess({
    name: 'PostgreSQL',
    command: binaries.postgres,
    args: [
      '-D',
      dataDirectory,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    cwd: dataDirectory,
    owner,
    onLine: cluster.onLine,
  });
  const url = `postgresql://${SUPERUSER}:${password}@${LOOPBACK}:${port}/postgres`;
  try {
    await waitUntilReady(server, 'PostgreSQL', () => probe(url));
  } catch (error) {
    await server.stop({ signal: 'SIGINT' });
    throw error;
  }
  return { url, port, process: server, stop: () => server.stop({ signal: 'SIGINT' }) };
}

async function probe(url: string): Promise<true | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => {});
  }
}

function readOrCreatePassword(file: string): string {
  if (!existsSync(file)) {
    writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  }
  return readFileSync(file, 'utf8').trim();
}

interface ClusterOptions {
  binaries: PostgresBinaries;
  owner: PostgresOwner;
  dataDirectory: string;
  password: string;
}

/** Runs initdb beside the final place and renames, so that an interrupted one leaves no half cluster. */
async function createCluster(options: ClusterOptions): Promise<void> {
  const { binaries, owner, dataDirectory, password } = options;
  const parent = dirname(dataDirectory);
  mkdirSync(parent, { recursive: true });
  const creating = join(parent, 'creating');
  const passwordFile = join(parent, 'creating-password');
  rmSync(creating, { recursive: true, force: true });
  rmSync(dataDirectory, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (owner) chownSync(passwordFile, owner.uid, owner.gid);
  try {
    const initdb = await startBoundProcess({
      name: 'initdb',
      command: binaries.initdb,
      args: [
        `--pgdata=${creating}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // The same order of text on every platform.
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
      ],
      cwd: parent,
      owner,
    });
    const exit = await initdb.exited;
    if (exit.code !== 0) {
      throw new Error(`PostgreSQL: initdb failed (${describeExit(exit)}):\n${initdb.tail()}`);
    }
    renameSync(creating, dataDirectory);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/**
 * After a `kill -9` the server's lock file stays. Where another process has got the same pid since
 * then (likely in a container) the server would not start, so the file goes. With no such process
 * it stays: the server itself then checks that nothing of its predecessor is left.
 */
function removeStalePidFile(dataDirectory: string): void {
  const file = join(dataDirectory, 'postmaster.pid');
  if (process.platform !== 'linux' || !existsSync(file)) return;
  const commandLine = `/proc/${Number(readFileSync(file, 'utf8').split('\n')[0])}/cmdline`;
  if (existsSync(commandLine) && !readFileSync(commandLine, 'utf8').includes(dataDirectory)) {
    rmSync(file, { force: true });
  }
}
