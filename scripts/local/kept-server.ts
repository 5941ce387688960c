import { setTimeout as delay } from 'node:timers/promises';
import type { BoundProcess } from './bound-process.ts';

/** A server that can be ended and started again where it was. */
export interface KeptServer {
  /** Holds everything that it keeps. */
  readonly directory: string;
  /** Ends it as a crash would (SIGKILL); resolves once it is gone. */
  kill(): Promise<void>;
  /** Starts it on its files and its port; resolves once it answers. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

interface RunningServer {
  readonly process: BoundProcess;
  stop(): Promise<unknown>;
}

/** What is left of a server that was killed may hold its files or its port for a moment. */
const AGAIN_WITHIN_MS = 120_000;
const AGAIN_EVERY_MS = 250;

/** @param again starts the server where `first` was, or fails */
export function keepServer(
  directory: string,
  first: RunningServer,
  again: () => Promise<RunningServer>,
): KeptServer {
  let running = first;
  return {
    directory,
    async kill() {
      running.process.kill();
      await running.process.exited;
    },
    async startAgain() {
      const until = Date.now() + AGAIN_WITHIN_MS;
      for (;;) {
        try {
          running = await again();
          return;
        } catch (error) {
          if (Date.now() > until) throw error;
          await delay(AGAIN_EVERY_MS);
        }
      }
    },
    async stop() {
      await running.stop();
    },
  };
}
