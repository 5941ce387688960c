import { arch, cpus, loadavg, platform } from 'node:os';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { listenForInterruption } from '../local/interruption.ts';
import { type BenchStack, startBenchStack } from './bench-stack.ts';

/** What the user wrote cannot be done; its message says why. */
export class UsageError extends Error {}

/**
 * The options of the command line.
 *
 * @throws UsageError naming the option that there is not, or that lacks its value.
 */
export function optionsOf<const Options extends ParseArgsOptionsConfig>(options: Options) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @throws UsageError naming the option. */
export function wholeNumber(
  option: string,
  text: string,
  { from, to }: { from: number; to: number },
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= from && value <= to) return value;
  throw new UsageError(`${option} must be a whole number from ${from} to ${to}, not "${text}"`);
}

/** Runs a program to its exit code; what went wrong is said on the error stream. */
export async function exitCodeOf(main: () => Promise<number>): Promise<number> {
  try {
    return await main();
  } catch (error) {
    console.error(error instanceof UsageError ? error.message : error);
    return 1;
  }
}

/**
 * Starts a stack, works on it and stops it, whatever happens. Interrupted, it stops at once.
 *
 * @param work ends when its signal is aborted.
 * @returns what the work returned; null when it was interrupted.
 */
export async function onBenchStack<T>(
  options: Parameters<typeof startBenchStack>[0],
  work: (stack: BenchStack, signal: AbortSignal) => Promise<T>,
): Promise<{ done: T } | null> {
  const interruption = listenForInterruption();
  const controller = new AbortController();
  console.log('Starting PostgreSQL, Temporal, two workers and the API …');
  const starting = startBenchStack(options);
  try {
    const stack = await Promise.race([starting, interruption.asked]);
    if (typeof stack === 'string') {
      console.log(`\n${stack}: stopping …`);
      await starting.then(({ stop }) => stop()).catch(() => {});
      return null;
    }
    try {
      const working = work(stack, controller.signal);
      const ended = await Promise.race([working.then((done) => ({ done })), interruption.asked]);
      if (typeof ended !== 'string') return ended;
      working.catch(() => {});
      console.log(`\n${ended}: stopping …`);
      return null;
    } finally {
      controller.abort();
      await stack.stop();
    }
  } finally {
    interruption.dispose();
  }
}

/** Day, version of Node and processors: what every report is headed with. */
export function machineOfToday(): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`;
  const day = new Date().toISOString().slice(0, 10);
  return `${day}, Node ${process.version}, ${machine}, ${platform()} ${arch()}`;
}

/** The load of the machine over the last minute, as a figure to judge the others by. */
export function loadOfMachine(): string {
  return `load average ${(loadavg()[0] ?? 0).toFixed(1)}`;
}
