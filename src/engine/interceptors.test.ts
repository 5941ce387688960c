import { once } from 'node:events';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../test/support/free-port.ts';
import { CLIENT_INTERCEPTORS } from './interceptors.ts';

/** Closes the connection while a call waits for its next try; what is thrown outside of any call. */
async function closeWhileWaiting(change: ConnectionOptions): Promise<unknown[]> {
  const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}`, ...change });
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
