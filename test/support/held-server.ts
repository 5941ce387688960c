import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that takes every request and answers none of them before it is told to. */
export interface HeldServer {
  url: string;
  /** Resolves once a request is there. */
  arrived: Promise<void>;
  /** Requests that wait for their answer. */
  waiting(): number;
  /** Answers what waits, and from now on at once. */
  release(): void;
  /** Cuts off whoever waits. */
  close(): Promise<void>;
}

export async function heldServer(): Promise<HeldServer> {
  const { promise: arrived, resolve } = Promise.withResolvers<void>();
  const held = new Set<ServerResponse>();
  let isHolding = true;
  const server = createServer((request, response) => {
    request.resume();
    resolve();
    if (!isHolding) return void response.end();
    held.add(response);
    response.on('close', () => held.delete(response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Listening on an address, not on a pipe.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    arrived,
    waiting: () => held.size,
    release() {
      isHolding = false;
      for (const response of held) response.end();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
