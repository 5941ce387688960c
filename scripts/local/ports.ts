import { once } from 'node:events';
import { createServer } from 'node:net';

/** The address every part of the local stack listens on; never one that other machines can reach. */
export const LOOPBACK = '127.0.0.1';

/**
 * A TCP port on the loopback address that nobody listens on: `preferred` when it is free,
 * otherwise one the system picks. `taken` lists ports promised to others in the same start.
 */
export async function findFreePort(
  preferred: number | undefined,
  taken: ReadonlySet<number> = new Set(),
): Promise<number> {
  if (preferred !== undefined && !taken.has(preferred) && (await tryPort(preferred)) !== null) {
    return preferred;
  }
  for (;;) {
    const port = await tryPort(0);
    if (port !== null && !taken.has(port)) return port;
  }
}

/** Listens on `port` for a moment and returns the number; null when somebody has it. */
async function tryPort(port: number): Promise<number | null> {
  const server = createServer();
  server.listen({ port, host: LOOPBACK, exclusive: true });
  try {
    await once(server, 'listening');
  } catch {
    return null;
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : null;
}
