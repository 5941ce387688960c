import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startReadyProgram } from '../../scripts/local/program.ts';
import type { FaultMode, HookOrder } from '../../src/channels/sandbox/protocol.ts';

export interface LedgerPost {
  marker: string;
  account: string;
  at: string;
  text: string;
  bodyHash: string;
}

/** The sandbox network in its own process, which ends with this one, with its own ledger. */
export interface SandboxProcess {
  url: string;
  /** Every accepted post, in order. */
  ledger(): LedgerPost[];
  /** The next `times` posts with this marker go wrong in this way; look-ups show them only so much later. */
  fault(order: {
    mode: FaultMode;
    marker: string;
    times?: number;
    listedAfterMs?: number;
  }): Promise<void>;
  /** The next post with this marker waits at this instant until `url` has answered. */
  hook(order: Partial<HookOrder>): Promise<void>;
  /** Ends the process: nothing listens at its address until it is started again. */
  stop(): Promise<void>;
  /** Starts it again at the same address, with the same ledger. */
  start(): Promise<void>;
}

export async function startSandbox(
  directory: string,
  environment: Record<string, string> = {},
): Promise<SandboxProcess> {
  const first = await spawnSandbox({ SANDBOX_PORT: '0', SANDBOX_DIR: directory, ...environment });
  const { url } = first;
  let current: { stop(): Promise<void> } = first;
  return {
    url,
    ledger: () => readLedger(directory),
    fault: (order) => giveOrder(url, '/v1/faults', order),
    hook: (order) => giveOrder(url, '/v1/hooks', order),
    stop: () => current.stop(),
    async start() {
      const { port } = new URL(url);
      current = await spawnSandbox({ SANDBOX_PORT: port, SANDBOX_DIR: directory, ...environment });
    },
  };
}

async function giveOrder(url: string, path: string, order: object): Promise<void> {
  const response = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

async function spawnSandbox(
  environment: Record<string, string>,
): Promise<{ url: string; stop(): Promise<void> }> {
  let url = '';
  const sandbox = await startReadyProgram(
    {
      name: 'the sandbox',
      script: 'src/sandbox-network/server.ts',
      environment: { ...process.env, ...environment },
      onLine(line) {
        url ||= /"address":"(?<address>[^"]+)"/.exec(line)?.groups?.['address'] ?? '';
      },
    },
    async () => url !== '',
  );
  return {
    url,
    async stop() {
      await sandbox.stop();
    },
  };
}

/** Every complete line of the ledger in a sandbox's directory. */
export function readLedger(directory: string): LedgerPost[] {
  const file = join(directory, 'ledger.jsonl');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}
