import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { descendantsOf, isRunning, until } from './stack-local.ts';

/** A benchmark that ran to its end. */
export interface BenchRun {
  /** Of its process; null when a signal ended it. */
  code: number | null;
  /** All that it printed. */
  output: string;
  /** Processes that it started. */
  children: ReadonlySet<number>;
  /** Of the test: everything temporary is in here, and removed with it. */
  directory: string;
}

/** Runs a benchmark of `scripts`. @param optionsIn its options, given the directory of the test. */
export async function runBench(
  script: string,
  optionsIn: (directory: string) => readonly string[],
): Promise<BenchRun> {
  const directory = mkdtempSync(join(tmpdir(), 'baton test-bench-'));
  // The database reads files in it as a user of its own.
  chmodSync(directory, 0o711);
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const bench = spawn(process.execPath, [`scripts/${script}`, ...optionsIn(directory)], {
    env: { ...process.env, TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void bench.kill('SIGKILL'));
  let output = '';
  const children = new Set<number>();
  for (const stream of [bench.stdout, bench.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const pid of descendantsOf(bench.pid ?? 0)) children.add(pid);
    });
  }
  const [code] = await once(bench, 'close');
  return { code, output, children, directory };
}

/** No process of it runs on. @returns what it left in its directory. */
export async function leftBehind({ children, directory }: BenchRun): Promise<string[]> {
  await until(
    () => ![...children].some(isRunning),
    () => 'a process of the benchmark still runs',
  );
  return readdirSync(directory).filter((name) => name.startsWith('baton-'));
}
