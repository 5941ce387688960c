import { setTimeout as delay } from 'node:timers/promises';
import { type BoundProcess, describeExit, type ProcessExit } from './bound-process.ts';

/** The parts of the local stack that are processes of its own. */
export const COMPONENT_NAMES = [
  'postgres',
  'temporal',
  'sandbox',
  'worker',
  'api',
  'earlier-worker',
] as const;
export type ComponentName = (typeof COMPONENT_NAMES)[number];

/** How to start and stop one part. */
export interface ComponentSpec {
  name: ComponentName;
  /** How people call it. */
  label: string;
  /** Starts the process and resolves once it is ready; rejects when it does not get there. */
  start(attempt: { again: boolean }): Promise<BoundProcess>;
  /** What to show beside the label once it runs. Never a secret. */
  address(): string;
  stop(process: BoundProcess): Promise<ProcessExit>;
}

/** A part that is started again whenever it ends without having been asked to. */
export interface Component {
  readonly name: ComponentName;
  /** Null while it is down. */
  pid(): number | null;
  /** How often it was started again. */
  restarts(): number;
  /** Ends the process as a crash would; the supervisor starts it again. */
  kill(): void;
  /** Stops it for good. */
  stop(): Promise<void>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** A process that lived this long did start: the next pause is the first one again. */
const HEALTHY_AFTER_MS = 30_000;

/**
 * Starts a part and keeps it running, with a pause that doubles while it keeps failing. Every
 * crash and every new start is reported.
 *
 * @throws Error when the first start fails; later failures are reported and tried again.
 */
export async function superviseComponent(
  spec: ComponentSpec,
  report: (line: string) => void,
): Promise<Component> {
  let process: BoundProcess | null = await spec.start({ again: false });
  let restarts = 0;
  const stopping = new AbortController();
  report(`${spec.label.padEnd(12)} ${spec.address()}`);

  async function keepRunning(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    let startedAt = Date.now();
    for (;;) {
      let reason: string;
      if (process) {
        const exit = await process.exited;
        reason = `ended (${describeExit(exit)})`;
        if (Date.now() - startedAt > HEALTHY_AFTER_MS) pauseMs = FIRST_PAUSE_MS;
        process = null;
      } else {
        reason = 'did not start';
      }
      if (stopping.signal.aborted) return;
      report(`${spec.label} ${reason}; starting it again in ${pauseMs / 1_000} s`);
      await delay(pauseMs, null, { signal: stopping.signal }).catch(() => null);
      if (stopping.signal.aborted) return;
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      startedAt = Date.now();
      try {
        process = await spec.start({ again: true });
        restarts += 1;
        report(`${spec.label} is back (pid ${process.pid})`);
      } catch (error) {
        report(`${spec.label}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  const running = keepRunning();

  return {
    name: spec.name,
    pid: () => process?.pid ?? null,
    restarts: () => restarts,
    kill() {
      process?.kill();
    },
    async stop() {
      stopping.abort();
      if (process) await spec.stop(process);
      await running;
    },
  };
}
