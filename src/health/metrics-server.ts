import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

export interface MetricsServer {
  url: string;
  close(): Promise<void>;
}

/** A scrape takes moments; whoever is slower holds no connection. */
const TIMEOUT_MS = 10_000;

/**
 * Answers `GET /metrics` and nothing else, for a program that has no API.
 * @param key what a reader has to show; null: nothing.
 * @throws Error when the address cannot be listened on.
 */
export async function startMetricsServer({
  address: { host, port },
  key,
  text,
}: {
  address: { host: string; port: number };
  key: string | null;
  text: () => Promise<string>;
}): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS });
  server.on('request', async (request, response) => {
    const end = (status: number, body: string) => {
      response.writeHead(status, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(body);
    };
    if (request.method !== 'GET' || request.url !== '/metrics') return end(404, 'GET /metrics\n');
    if (key !== null && !shows(request.headers.authorization, key)) return end(401, 'a key\n');
    try {
      end(200, await text());
    } catch {
      end(503, 'the metrics could not be read\n');
    }
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const taken = address === null || typeof address === 'string' ? port : address.port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Whether a request shows the key as its bearer. */
function shows(authorization: string | undefined, key: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${key}`));
}
