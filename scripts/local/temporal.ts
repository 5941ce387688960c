import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { setUpSearchAttributes } from '../../src/engine/search-attributes.ts';
import {
  type BoundProcess,
  type ProcessExit,
  startBoundProcess,
  waitUntilReady,
} from './bound-process.ts';
import { findFreePort, LOOPBACK, startOnFreePort } from './ports.ts';
import { obtainTemporalCli } from './temporal-cli.mjs';

/** Where the Temporal development server keeps its state and listens. */
export interface TemporalOptions {
  /** Holds the state file. Created if missing. */
  directory: string;
  /** Preferred port of the service; a free one is taken when somebody has it or none is given. */
  port?: number | undefined;
  /** Take the given ports or fail: a server that is started again must be where it was. */
  exactPorts?: boolean;
  /** Preferred port of the web UI; `false` starts none. */
  uiPort?: number | false | undefined;
  /** Whether every write waits for the disk; default true. Without, only a power cut loses anything. */
  waitsForDisk?: boolean;
  onLine?: ((line: string) => void) | undefined;
}

/** A running Temporal development server. */
export interface LocalTemporal {
  /** `host:port` of the gRPC service. */
  readonly address: string;
  readonly port: number;
  /** Port of the web UI, null when it was not asked for. */
  readonly uiPort: number | null;
  /** Address of the web UI, null when it was not asked for. */
  readonly uiUrl: string | null;
  readonly process: BoundProcess;
  stop(): Promise<ProcessExit>;
}

/** The namespace the development server always has. */
export const LOCAL_NAMESPACE = 'default';

/**
 * Starts a Temporal server whose runs survive its death and whose runs can be fast-forwarded, and
 * waits until its namespace answers.
 *
 * @throws Error with the server's last lines when it does not come up.
 */
export async function startTemporal(options: TemporalOptions): Promise<LocalTemporal> {
  const program = await obtainTemporalCli();
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const { uiPort } = options;
  if (options.exactPorts && options.port && uiPort !== undefined) {
    return startServer(program, options, { port: options.port, uiPort: uiPort || null });
  }
  return startOnFreePort(options.port, async (port) =>
    startServer(program, options, {
      port,
      uiPort: uiPort === false ? null : await findFreePort(uiPort, new Set([port])),
    }),
  );
}

async function startServer(
  program: string,
  options: TemporalOptions,
  { port, uiPort }: { port: number; uiPort: number | null },
): Promise<LocalTemporal> {
  let listens = false;
  const server = await startBoundProcess({
    name: 'Temporal',
    command: program,
    args: [
      'server',
      'start-dev',
      `--ip=${LOOPBACK}`,
      `--port=${port}`,
      ...(uiPort === null ? ['--headless'] : [`--ui-port=${uiPort}`, '--ui-disable-news-fetch']),
      `--namespace=${LOCAL_NAMESPACE}`,
      `--db-filename=${join(options.directory, 'temporal.db')}`,
      '--sqlite-pragma=journal_mode=WAL',
      ...(options.waitsForDisk === false ? ['--sqlite-pragma=synchronous=OFF'] : []),
      '--dynamic-config-value=frontend.WorkflowTimeSkippingEnabled=true',
      // A queue gives each workspace its share.
      '--dynamic-config-value=matching.enableFairness=true',
      // Timers fire up to this much late; the server's own second is felt at every stop of a time travel.
      '--dynamic-config-value=history.timerProcessorMaxTimeShift="20ms"',
      '--log-level=warn',
    ],
    onLine(line) {
      listens ||= line.startsWith('Temporal Server:');
      options.onLine?.(line);
    },
  });
  const address = `${LOOPBACK}:${port}`;
  try {
    // Asked only once it says that it listens: until then another stack's server may be the one that answers.
    await waitUntilReady(server, 'Temporal', async () => (listens ? probe(address) : undefined));
    await prepareNamespace(address);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    address,
    port,
    uiPort,
    uiUrl: uiPort === null ? null : `http://${LOOPBACK}:${uiPort}`,
    process: server,
    stop: () => server.stop(),
  };
}

/** The server's own flag for search attributes does nothing to a state that is there already. */
async function prepareNamespace(address: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await setUpSearchAttributes(connection, LOCAL_NAMESPACE);
  } finally {
    await connection.close();
  }
}

async function probe(address: string): Promise<true | undefined> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: '1s' });
    await connection.workflowService.describeNamespace({ namespace: LOCAL_NAMESPACE });
    return true;
  } catch {
    return undefined;
  } finally {
    await connection?.close();
  }
}
