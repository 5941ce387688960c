import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { isAnswering } from './program.ts';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A program that answers its health check with this body. */
async function serve(body: string, status = 200): Promise<string> {
  const listening = createServer((_, response) => response.writeHead(status).end(body));
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/healthz`;
}

it('a program that names the instance it was started as is ours', async () => {
  const url = await serve('{"status":"ok","instance":"mine"}');
  expect(await isAnswering(url, { instance: 'mine' })).toBe(true);
});

it.each(['{"status":"ok","instance":"theirs"}', '{"status":"ok"}', '<html>It works!</html>'])(
  'one that answers %s on our port is another stack’s',
  async (body) => {
    const url = await serve(body);
    expect(await isAnswering(url, { instance: 'mine' })).toBe(false);
  },
);

it('without an instance any success will do', async () => {
  expect(await isAnswering(await serve('x'))).toBe(true);
  server?.close();
  expect(await isAnswering(await serve('x', 503))).toBe(false);
});
