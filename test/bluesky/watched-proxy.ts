import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A server on loopback that passes everything on, counts it, and can lose an answer. */
export interface WatchedProxy {
  url: string;
  /** Calls that were passed on, by the method they name. */
  count(method: string): number;
  /**
   * The next call of the method is passed on and answered by the server; then `before` runs, and the connection
   * is cut instead of answering.
   */
  loseNextAnswer(method: string, before: () => Promise<void>): void;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<WatchedProxy> {
  const calls: string[] = [];
  const losses = new Map<string, () => Promise<void>>();

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = /^\/xrpc\/([\w.]+)/.exec(request.url ?? '')?.[1] ?? '';
    calls.push(method);
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    const body = await buffer(request);
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(body.length > 0 && { body }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const lose = losses.get(method);
    if (lose !== undefined) {
      losses.delete(method);
      await lose();
      response.destroy();
      return;
    }
    const type = answer.headers.get('content-type') ?? 'application/octet-stream';
    response.writeHead(answer.status, { 'content-type': type }).end(bytes);
  }

  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: (method) => calls.filter((call) => call === method).length,
    loseNextAnswer: (method, before) => void losses.set(method, before),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
