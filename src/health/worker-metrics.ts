import { once } from 'node:events';
import { createServer } from 'node:net';
import { createMeters, type Meters } from './meters.ts';
import { type MetricsServer, startMetricsServer } from './metrics-server.ts';

interface Settings {
  /** Null: the worker answers nobody. */
  metricsAddress: { host: string; port: number } | null;
  metricsKey: string | null;
}

export interface WorkerMetrics {
  meters: Meters;
  /** What the SDK's runtime is started with. */
  telemetry: { metrics?: { prometheus: SdkMetrics } };
  listen(log: { info(fields: object, message: string): void }): Promise<void>;
  close(): Promise<void>;
}

interface SdkMetrics {
  bindAddress: string;
  countersTotalSuffix: boolean;
  unitSuffix: boolean;
  useSecondsForDurations: boolean;
}

const SDK_WITHIN_MS = 2_000;

/**
 * The metrics of a worker: what its activities count, the process, and what the SDK counts of itself. The
 * SDK answers on a port of its own without asking for a key, so that port is on loopback, and the
 * worker's own address passes it on.
 */
export async function openWorkerMetrics({
  metricsAddress: address,
  metricsKey: key,
}: Settings): Promise<WorkerMetrics> {
  const meters = createMeters();
  if (address === null) {
    return { meters, telemetry: {}, listen: async () => {}, close: async () => {} };
  }
  meters.watchProcess();
  const bindAddress = `127.0.0.1:${await freePort()}`;
  let server: MetricsServer | null = null;
  return {
    meters,
    telemetry: {
      metrics: {
        prometheus: {
          bindAddress,
          countersTotalSuffix: true,
          unitSuffix: true,
          useSecondsForDurations: true,
        },
      },
    },
    async listen(log) {
      const text = async () => `${await meters.text()}\n${await sdkText(bindAddress)}`;
      server = await startMetricsServer({ address, key, text });
      log.info({ url: server.url }, 'worker answers /metrics');
    },
    close: async () => server?.close(),
  };
}

/** Nothing while the SDK does not answer: what the worker counts is worth having alone. */
async function sdkText(bindAddress: string): Promise<string> {
  try {
    const signal = AbortSignal.timeout(SDK_WITHIN_MS);
    const answer = await fetch(`http://${bindAddress}/metrics`, { signal });
    return answer.ok ? await answer.text() : '';
  } catch {
    return '';
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  probe.close();
  await once(probe, 'close');
  return port;
}
