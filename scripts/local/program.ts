import { dirname, join } from 'node:path';
import { type BoundProcess, startBoundProcess, waitUntilReady } from './bound-process.ts';
import { ownProgram } from './own-programs.ts';

const root = dirname(dirname(import.meta.dirname));

/** One of our own programs, run as production runs it: `node <script>` with an environment. */
export interface ProgramOptions {
  name: string;
  /** Path of its source from the root of the checkout. */
  script: string;
  args?: readonly string[];
  environment: NodeJS.ProcessEnv;
  onLine?: (line: string) => void;
}

/** Starts a program of the checkout that ends with us. */
export function startProgram(options: ProgramOptions): Promise<BoundProcess> {
  return startBoundProcess({
    name: options.name,
    command: process.execPath,
    args: [join(root, ownProgram(options.script)), ...(options.args ?? [])],
    cwd: root,
    env: options.environment,
    onLine: options.onLine,
  });
}

/**
 * Starts a program and waits until `isReady`; stops it again when it does not get there.
 *
 * @throws Error with the program's last lines.
 */
export async function startReadyProgram(
  options: ProgramOptions,
  isReady: () => Promise<boolean>,
): Promise<BoundProcess> {
  const program = await startProgram(options);
  try {
    await waitUntilReady(program, options.name, async () => (await isReady()) || undefined, {
      timeoutMs: 60_000,
      everyMs: 50,
    });
    return program;
  } catch (error) {
    await program.stop();
    throw error;
  }
}

/**
 * Whether a GET of `url` is answered with a 2xx status within two seconds.
 * @param instance what the answer must name as its own: another stack's program may have the port.
 */
export async function isAnswering(
  url: string,
  { instance }: { instance?: string } = {},
): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    const text = await response.text();
    return response.ok && (instance === undefined || JSON.parse(text).instance === instance);
  } catch {
    return false;
  }
}
