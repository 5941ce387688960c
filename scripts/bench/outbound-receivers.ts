import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Receivers behind one address, each at a path of its own; the last ones take requests and never answer. */
export interface Receivers {
  url: string;
  /** When the first request of each `webhook-id` came in, by `performance.now()`. */
  arrivals: Map<string, number>;
  /** Requests with an id that was there before. */
  repeated: number;
  close(): Promise<void>;
}

export async function startReceivers({
  count,
  hanging,
}: {
  count: number;
  hanging: number;
}): Promise<Receivers> {
  const arrivals = new Map<string, number>();
  let repeated = 0;
  const server = createServer((request, response) => {
    const id = String(request.headers['webhook-id']);
    if (arrivals.has(id)) repeated += 1;
    else arrivals.set(id, performance.now());
    const number = Number(/\d+$/.exec(request.url ?? '')?.[0]);
    request.resume();
    if (number < count - hanging) request.on('end', () => response.writeHead(204).end());
  });
  server.listen(0, '127.0.0.1', 1_024);
  await new Promise<void>((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrivals,
    get repeated() {
      return repeated;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
