import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import {
  type BoundProcess,
  type ProcessExit,
  startBoundProcess,
  waitUntilReady,
} from './bound-process.ts';
import { findFreePort, LOOPBACK } from './ports.ts';
import { obtainTemporalCli } from './temporal-cli.mjs';

/** Where the Temporal development server keeps its state and listens. */
export type TemporalOptions = {
  /** Holds the state file. Created if missing. */
  directory: string;
  /** Preferred port of the service; a free one is taken when somebody has it or none is given. */
  port?: number | undefined;
  /** Take the given ports or fail: a server that is started again must be where it was. */
  exactPorts?: boolean;
  /** Preferred port of the web UI; `false` starts none. */
  uiPort?: number | false | undefined;
  onLine?: ((line: string) => void) | undefined;
};

/** A running Temporal development server. */
export type LocalTemporal = {
  /** `host:port` of the gRPC service. */
  readonly address: string;
  readonly port: number;
  /** Port of the web UI, null when it was not asked for. */
  readonly uiPort: number | null;
  /** Address of the web UI, null when it was not asked for. */
  readonly uiUrl: string | null;
  readonly process: BoundProcess;
  stop(): Promise<ProcessExit>;
};

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
  const { port, uiPort } = await choosePorts(options);
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
      '--dynamic-config-value=frontend.WorkflowTimeSkippingEnabled=true',
      // Timers fire up to this much late; the server's own second is felt at every stop of a time travel.
      '--dynamic-config-value=history.timerProcessorMaxTimeShift="20ms"',
      '--log-level=warn',
    ],
    onLine: options.onLine,
  });
  const address = `${LOOPBACK}:${port}`;
  try {
    await waitUntilReady(server, 'Temporal', () => probe(address));
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

async function choosePorts(
  options: TemporalOptions,
): Promise<{ port: number; uiPort: number | null }> {
  const { port, uiPort, exactPorts } = options;
  if (exactPorts && port && uiPort !== undefined) return { port, uiPort: uiPort || null };
  const free = await findFreePort(port);
  return {
    port: free,
    uiPort: uiPort === false ? null : await findFreePort(uiPort, new Set([free])),
  };
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
