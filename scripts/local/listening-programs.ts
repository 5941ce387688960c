import { randomUUID } from 'node:crypto';
import type { BoundProcess } from './bound-process.ts';
import { LOOPBACK, startOnFreePort } from './ports.ts';
import { isAnswering, type ProgramOptions, startReadyProgram } from './program.ts';

/** A program that others reach at an address. */
export interface ListeningProgram {
  url: string;
  process: BoundProcess;
}

/** How to start one of the programs below; `script` is known. */
export type ListenerOptions = Omit<ProgramOptions, 'script'>;

/** Starts a program at one address, or fails: who is started again must be where it was. */
export type StartAt = (url: string) => Promise<BoundProcess>;

/** Starts a program on `preferred` when that is free, otherwise on a free port. */
export function startListening(
  preferred: number | undefined,
  startAt: StartAt,
): Promise<ListeningProgram> {
  return startOnFreePort(preferred, async (port) => {
    const url = `http://${LOOPBACK}:${port}`;
    return { url, process: await startAt(url) };
  });
}

/** Starts the sandbox network and waits until it says that it listens, and answers. */
export async function startSandboxAt(
  url: string,
  options: ListenerOptions & { directory: string; faults: boolean },
): Promise<BoundProcess> {
  const { directory, faults, ...program } = options;
  let listens = false;
  return startReadyProgram(
    {
      ...program,
      script: 'src/sandbox-network/server.ts',
      environment: {
        ...program.environment,
        SANDBOX_HOST: LOOPBACK,
        SANDBOX_PORT: new URL(url).port,
        SANDBOX_DIR: directory,
        SANDBOX_FAULTS: faults ? '1' : '0',
      },
      onLine(line) {
        listens ||= line.includes(JSON.stringify(url));
        program.onLine?.(line);
      },
    },
    async () => listens && isAnswering(`${url}/healthz`),
  );
}

/** Starts the API and waits until this very process answers; another stack's may have the port. */
export async function startApiAt(url: string, program: ListenerOptions): Promise<BoundProcess> {
  const instance = randomUUID();
  return startReadyProgram(
    {
      ...program,
      script: 'src/api/server.ts',
      environment: {
        ...program.environment,
        HOST: LOOPBACK,
        PORT: new URL(url).port,
        BATON_INSTANCE: instance,
      },
    },
    () => isAnswering(`${url}/healthz`, { instance }),
  );
}
