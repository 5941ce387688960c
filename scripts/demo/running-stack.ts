import { join, resolve } from 'node:path';
import { createBatonClient } from '../../src/client/index.ts';
import { type Credentials, readCredentials } from '../local/first-workspace.ts';
import { StackInUseError, startLocalStack } from '../local/stack.ts';
import { poll } from './poll.ts';

/** The stack that the story is told on. */
export interface RunningStack {
  stateDir: string;
  url: string;
  credentials: Credentials;
  credentialsFile: string;
  /** Null when it is not known: another process started the stack, or Temporal is external. */
  temporalUiUrl: string | null;
  /** The process that runs it, when that is not this one. */
  ownerPid: number | null;
  /** Stops what this process started, and nothing else. */
  stop(): Promise<void>;
}

/**
 * Starts the local stack, or finds the one that runs on this state directory.
 * @throws Error when it does not start, or the one that runs does not answer
 */
export async function openStack(options: {
  stateDir: string | undefined;
  temporalUi: boolean;
  report: (line: string) => void;
}): Promise<RunningStack> {
  const stateDir = resolve(options.stateDir ?? '.baton');
  try {
    const stack = await startLocalStack({
      stateDir,
      temporalUi: options.temporalUi,
      report: options.report,
    });
    const { apiUrl: url, credentials, credentialsFile, temporalUiUrl } = stack;
    return {
      stateDir,
      url,
      credentials,
      credentialsFile,
      temporalUiUrl,
      ownerPid: null,
      stop: () => stack.stop(),
    };
  } catch (error) {
    if (!(error instanceof StackInUseError)) throw error;
    options.report(`The stack of process ${error.ownerPid} runs on ${stateDir}: using that one.`);
    return attach(stateDir, error.ownerPid);
  }
}

async function attach(stateDir: string, ownerPid: number): Promise<RunningStack> {
  const credentialsFile = join(stateDir, 'credentials.json');
  const credentials = await poll(
    `the stack of process ${ownerPid}`,
    async () => {
      const known = readCredentials(credentialsFile);
      const [member] = known?.members ?? [];
      if (!known || !member) return { seen: `${credentialsFile} is not there` };
      const client = createBatonClient({ url: known.url, key: member.key });
      // The key as well: at the address of an earlier start another stack may be ready.
      return Promise.all([client.ready(), client.inbox()]).then(
        () => ({ found: known }),
        (problem: unknown) => ({ seen: String(problem) }),
      );
    },
    { withinMs: 60_000 },
  );
  return {
    stateDir,
    credentialsFile,
    credentials,
    ownerPid,
    url: credentials.url,
    temporalUiUrl: null,
    stop: async () => {},
  };
}
