import { once } from 'node:events';
import { createServer } from 'node:net';

/** The address every part of the local stack listens on; never one that other machines can reach. */
export const LOOPBACK = '127.0.0.1';

/** A program ended because somebody else listens on a port that it was to have. */
export class PortTakenError extends Error {
  override name = 'PortTakenError';
}

/** Of so many stacks that start in the same instant the unluckiest still comes up. */
const MOST_ATTEMPTS = 10;

/**
 * Starts a program on `preferred` when nobody listens there, otherwise on a port the system picks.
 * No look at a port keeps it for a program that binds it later, so whoever loses it in between is
 * started again on another.
 *
 * @param start must end with nothing running when it rejects.
 */
export async function startOnFreePort<T>(
  preferred: number | undefined,
  start: (port: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort(preferred);
    try {
      return await start(port);
    } catch (error) {
      // The log level may have kept the program from saying why it ended.
      const isTaken = error instanceof PortTakenError || (await tryPort(port)) === null;
      if (!isTaken || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

/**
 * A TCP port on the loopback address that nobody listens on now: `preferred` when it is free,
 * otherwise one the system picks. `taken` lists ports promised to others in the same start.
 * Start on it through `startOnFreePort`.
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
