import { startReadyProgram } from '../../scripts/local/program.ts';

/** `worker.ts` in a process of its own, which ends with this one. */
export interface WorkerProcess {
  pid: number;
  /** SIGKILL, and its end. */
  kill(): Promise<void>;
}

/** Starts a worker and waits until it polls. */
export async function spawnWorker(environment: Record<string, string>): Promise<WorkerProcess> {
  let polls = false;
  const worker = await startReadyProgram(
    {
      name: 'the worker',
      script: 'worker.ts',
      environment: { ...process.env, LOG_LEVEL: 'info', ...environment },
      onLine(line) {
        polls ||= line.includes('worker polls');
      },
    },
    async () => polls,
  );
  return {
    pid: worker.pid,
    async kill() {
      worker.kill();
      await worker.exited;
    },
  };
}
