import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LOOPBACK } from '../local/ports.ts';

/** Where programs and the sandbox call in; a call waits until its handler is done. */
export interface Harness {
  readonly url: string;
  /** Handles the calls from now on; the body is what the caller sent. */
  onCall(handler: (body: unknown) => Promise<void> | void): void;
  close(): Promise<void>;
}

export async function startHarness(): Promise<Harness> {
  let handle: (body: unknown) => Promise<void> | void = () => {};
  const server = createServer((request, response) => {
    readBody(request)
      .then((body) => handle(body))
      .catch((error: unknown) => console.error(error))
      .finally(() => response.end());
  });
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${LOOPBACK}:${port}/`,
    onCall(handler) {
      handle = handler;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}
