import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** `worker.ts` in a process of its own. */
export interface WorkerProcess {
  pid: number;
  /** SIGKILL, and its end. */
  kill(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '..', '..');

/** Starts a worker and waits until it polls. */
export async function spawnWorker(environment: Record<string, string>): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [join(ROOT, 'worker.ts')], {
    cwd: ROOT,
    env: { ...process.env, LOG_LEVEL: 'info', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`the worker ended with ${code}:\n${said.join('\n')}`)),
    );
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      if (line.includes('worker polls')) resolve();
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('the worker did not start');
  return {
    pid,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
