import { Client } from '@temporalio/client';

/** Where a process dies on a command's way. */
export type DyingAt = 'before_engine' | 'after_engine';

/**
 * A client of a process that dies around the call to the engine: the run has heard of the command, or
 * has not, and nobody is left to write down what it said.
 */
export function dyingClient(client: Client, at: DyingAt): Client {
  const die = async <T>(call: () => Promise<T>): Promise<T> => {
    if (at === 'after_engine') await call();
    throw new Error(`the process died ${at.replace('_', ' the ')}`);
  };
  return new Client({
    connection: client.connection,
    namespace: client.options.namespace,
    interceptors: {
      workflow: [
        {
          startUpdate: (input, next) => die(() => next(input)),
          start: (input, next) => die(() => next(input)),
        },
      ],
    },
  });
}
