import { once } from 'node:events';
import { createServer } from 'node:net';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { CLIENT_INTERCEPTORS } from './interceptors.ts';

/** An address at which nobody listens. */
async function closedAddress(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `127.0.0.1:${address.port}`;
}

/** Closes the connection while a call waits for its next try; what is thrown outside of any call. */
async function closeWhileWaiting(change: ConnectionOptions): Promise<unknown[]> {
  const connection = Connection.lazy({ address: await closedAddress(), ...change });
  const client = new Client({ connection });
  const thrown: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const firstThrown = once(process, 'uncaughtException');
  process.on('uncaughtException', (error) => thrown.push(error));
  try {
    const call = client.withDeadline(Date.now() + 5_000, () =>
      client.workflow.getHandle('item:none').describe(),
    );
    const ended = call.then(
      () => 'answered',
      () => 'refused',
    );
    // The first try fails at once; the next one comes after 100 ms or more.
    await new Promise((resolve) => setTimeout(resolve, 60));
    await connection.close();
    await Promise.race([ended, firstThrown]);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  return thrown;
}

describe('a connection that is closed while a call waits for its next try', () => {
  it('ends the call', async () => {
    expect(await closeWhileWaiting({ interceptors: CLIENT_INTERCEPTORS })).toEqual([]);
  });

  it('would end the process without the interceptor', async () => {
    expect(await closeWhileWaiting({})).toMatchObject([{ message: 'Channel has been shut down' }]);
  });
});
