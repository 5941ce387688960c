import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type BoundProcess, startBoundProcess, waitUntilReady } from './bound-process.ts';
import { LOOPBACK, PortTakenError, startOnFreePort } from './ports.ts';

/** Somebody else who listens on a port. */
async function occupy(port: number): Promise<number> {
  const server = createServer().listen(port, LOOPBACK);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A program that listens on a port and says so. */
async function startListener(port: number, onError = ''): Promise<BoundProcess> {
  const script = `
    const server = require('node:net').createServer();
    ${onError}
    server.listen(${port}, '${LOOPBACK}', () => console.log('listens'));`;
  const child = await startBoundProcess({
    name: 'listener',
    command: process.execPath,
    args: ['-e', script],
  });
  onTestFinished(async () => {
    await child.stop();
  });
  await waitUntilReady(
    child,
    'listener',
    async () => child.tail().includes('listens') || undefined,
  );
  return child;
}

describe('a program on a free port', () => {
  it.each([
    { how: 'says so', onError: '' },
    { how: 'ends without a word', onError: "server.on('error', () => process.exit(1));" },
  ])('has another one when it loses the first before it listens and $how', async ({ onError }) => {
    const tried: number[] = [];
    const child = await startOnFreePort(undefined, async (port) => {
      tried.push(port);
      // Between the look at the port and the program that is to have it.
      if (tried.length <= 2) await occupy(port);
      return startListener(port, onError);
    });
    expect(tried).toHaveLength(3);
    expect(new Set(tried).size).toBe(3);
    expect(child.exit()).toBeNull();
  });

  it('prefers a port that nobody has', async () => {
    const taken = await occupy(0);
    expect(await startOnFreePort(taken, async (port) => port)).not.toBe(taken);
    const free = await startOnFreePort(undefined, async (port) => port);
    expect(await startOnFreePort(free, async (port) => port)).toBe(free);
  });

  it('is not started again when something else is wrong with it', async () => {
    let starts = 0;
    const failing = startOnFreePort(undefined, async () => {
      starts += 1;
      throw new Error('no data directory');
    });
    await expect(failing).rejects.toThrow('no data directory');
    expect(starts).toBe(1);
  });

  it('is given up when every port is lost', async () => {
    const failing = startOnFreePort(undefined, async () => {
      throw new PortTakenError('always late');
    });
    await expect(failing).rejects.toThrow('always late');
  });
});
