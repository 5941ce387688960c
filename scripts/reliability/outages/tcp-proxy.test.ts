import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startTcpProxy } from './tcp-proxy.ts';

const MOMENT_MS = 50;

async function openWay() {
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      heard.push(String(piece));
      socket.write(`re: ${piece}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startTcpProxy((server.address() as AddressInfo).port);
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  async function dial() {
    const socket = connect({ port: proxy.port, host: '127.0.0.1' });
    await once(socket, 'connect');
    const ended = new Promise<string>((resolve) => {
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
      socket.once('close', () => resolve('closed'));
    });
    const answer = () => once(socket, 'data').then(([piece]) => String(piece));
    onTestFinished(() => void socket.destroy());
    return { socket, ended, answer };
  }
  return { proxy, heard, dial };
}

describe('a way to a server that can be disturbed', () => {
  it('passes on what is said, both ways', async () => {
    const { dial } = await openWay();
    const { socket, answer } = await dial();
    socket.write('hello');
    expect(await answer()).toBe('re: hello');
  });

  it('holds everything back in a partition, and lets it through afterwards', async () => {
    const { proxy, heard, dial } = await openWay();
    const { socket, answer } = await dial();
    proxy.set('partition');
    socket.write('hello');
    const late = await dial();
    late.socket.write('new');
    await delay(MOMENT_MS);
    expect(heard).toEqual([]);
    proxy.set('open');
    expect(await answer()).toBe('re: hello');
    await expect.poll(() => heard).toContain('new');
  });

  it('is slow in order', async () => {
    const { proxy, dial } = await openWay();
    const { socket, answer } = await dial();
    proxy.set('slow', { latencyMs: MOMENT_MS });
    const begun = performance.now();
    socket.write('hello');
    expect(await answer()).toBe('re: hello');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(2 * MOMENT_MS - 5);
  });

  it('resets connections that are there, and new ones', async () => {
    const { proxy, dial } = await openWay();
    const there = await dial();
    proxy.set('reset');
    expect(await there.ended).toBe('ECONNRESET');
    const late = await dial().catch(() => null);
    if (late !== null) expect(await late.ended).toBe('ECONNRESET');
  });

  it('loses the answer to a request that arrived', async () => {
    const { proxy, heard, dial } = await openWay();
    proxy.single((connection) => (connection === 0 ? 'deaf' : null));
    const first = await dial();
    first.socket.write('hello');
    expect(await first.ended).toBe('ECONNRESET');
    expect(heard).toEqual(['hello']);
    const second = await dial();
    second.socket.write('again');
    expect(await second.answer()).toBe('re: again');
  });
});
