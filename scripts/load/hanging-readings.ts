import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The sandbox network behind a door that can leave every question for readings without an answer. */
export interface HangingReadings {
  url: string;
  /** From now on, until `release`. */
  hang(): void;
  /** Questions that wait now. */
  waiting(): number;
  release(): void;
  stop(): Promise<void>;
}

const READINGS = '/v1/metrics';

export async function startHangingReadings(sandboxUrl: string): Promise<HangingReadings> {
  let isHanging = false;
  const waiting = new Set<ServerResponse>();
  const server = createServer((incoming, outgoing) => {
    if (isHanging && incoming.url?.startsWith(READINGS)) {
      waiting.add(outgoing);
      outgoing.on('close', () => waiting.delete(outgoing));
      return;
    }
    const { method, headers } = incoming;
    const forward = request(new URL(incoming.url ?? '/', sandboxUrl), { method, headers });
    forward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forward.on('error', () => outgoing.destroy());
    incoming.pipe(forward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const release = () => {
    isHanging = false;
    for (const response of waiting) response.destroy();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    hang: () => {
      isHanging = true;
    },
    waiting: () => waiting.size,
    release,
    async stop() {
      release();
      server.close();
      server.closeAllConnections();
    },
  };
}
