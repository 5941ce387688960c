import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { type InstalledServer, installPds } from './install-pds.ts';

/** A server as a process of its own. */
export interface ServerProcess {
  url: string;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;
const Ready = z.object({ url: z.url() });

/** A personal data server. */
export function startPds(): Promise<ServerProcess> {
  return startServer(installPds());
}

/** Starts a script that says its address, with a folder of its own as the first argument. */
export async function startServer(
  { node, script }: InstalledServer,
  args: readonly string[] = [],
): Promise<ServerProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'baton-atproto-'));
  const child = spawn(node, [script, directory, ...args], {
    env: { PATH: process.env['PATH'], LOG_ENABLED: 'false', NODE_NO_WARNINGS: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (what: string): void => {
      child.kill('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
      reject(new Error(`The server ${script} ${what}:\n${said.slice(-40).join('\n')}`));
    };
    const late = setTimeout(() => fail('did not start in time'), START_TIMEOUT_MS);
    const onExit = (code: number | null): void => fail(`ended with ${code}`);
    child.once('exit', onExit);
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      const ready = readyOf(line);
      if (ready === null) return;
      clearTimeout(late);
      child.off('exit', onExit);
      resolve(ready);
    });
  });
  return {
    url,
    async stop() {
      child.stdin.end();
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      if (child.exitCode === null && child.signalCode === null) await exited;
      clearTimeout(late);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function readyOf(line: string): string | null {
  try {
    return Ready.parse(JSON.parse(line)).url;
  } catch {
    return null;
  }
}
