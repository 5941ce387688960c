import { join } from 'node:path';
import {
  type Component,
  type ComponentName,
  type ComponentSpec,
  superviseComponent,
} from './component.ts';
import { type ComponentLog, openComponentLog } from './component-log.ts';

/** Ports the stack prefers. */
export interface LocalPorts {
  postgres: number;
  temporal: number;
  temporalUi: number;
  sandbox: number;
  api: number;
  receiver: number;
}

/** What the parts of one stack share while it is being started. */
export interface StackContext {
  readonly stateDir: string;
  /** Where nothing is given, a free port is taken. */
  readonly ports: Partial<LocalPorts>;
  /** Environment of the programs; DATABASE_URL and TEMPORAL_ADDRESS in it replace a server. */
  readonly environment: NodeJS.ProcessEnv;
  readonly components: readonly Component[];
  report(line: string): void;
  /** Starts a component and keeps it running. */
  supervise(spec: ComponentSpec): Promise<void>;
  /** Opens a component's log; the result writes a line to it. */
  openLog(name: ComponentName): (line: string) => void;
  /** Stops every component, the last started first, and closes the logs. */
  stopAll(): Promise<void>;
}

/** A context without components. */
export function createStackContext(options: {
  stateDir: string;
  ports: Partial<LocalPorts>;
  environment: NodeJS.ProcessEnv;
  report: (line: string) => void;
  onLogLine: ((line: string) => void) | undefined;
}): StackContext {
  const components: Component[] = [];
  const logs: ComponentLog[] = [];
  return {
    stateDir: options.stateDir,
    ports: options.ports,
    environment: options.environment,
    components,
    report: options.report,
    async supervise(spec) {
      components.push(await superviseComponent(spec, options.report));
    },
    openLog(name) {
      const log = openComponentLog(join(options.stateDir, 'logs'), name, options.onLogLine);
      logs.push(log);
      return log.write;
    },
    async stopAll() {
      for (const component of components.toReversed()) await component.stop();
      await Promise.all(logs.map((log) => log.close()));
    },
  };
}

/** Waits for all tasks, also when one fails, so that whatever did start can be stopped. */
export async function allDone(tasks: readonly (Promise<unknown> | null)[]): Promise<void> {
  const results = await Promise.allSettled(tasks);
  for (const result of results) {
    if (result.status === 'rejected') throw result.reason;
  }
}
