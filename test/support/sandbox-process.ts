import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The sandbox network in its own process, with its own ledger. */
export interface SandboxProcess {
  url: string;
  process: ChildProcess;
  /** Every accepted post, in order. */
  ledger(): { marker: string; account: string; at: string; text: string; bodyHash: string }[];
  stop(): Promise<void>;
}

const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'channels', 'sandbox', 'server.ts');

export async function startSandbox(
  directory: string,
  environment: Record<string, string> = {},
): Promise<SandboxProcess> {
  const child = spawn(process.execPath, [PROGRAM], {
    env: { ...process.env, SANDBOX_PORT: '0', SANDBOX_DIR: directory, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the sandbox ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const ready = JSON.parse(line) as { url?: string; address?: string };
      const address = ready.url ?? ready.address;
      if (address !== undefined) resolve(address);
    });
  });
  const file = join(directory, 'ledger.jsonl');
  return {
    url,
    process: child,
    ledger: () =>
      existsSync(file)
        ? readFileSync(file, 'utf8')
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line))
        : [],
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
