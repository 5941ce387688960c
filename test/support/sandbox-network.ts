import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FaultMode, HookOrder } from '../../src/channels/sandbox/protocol.ts';
import { openFaultLog } from '../../src/sandbox-network/fault-log.ts';
import { createSandboxServer } from '../../src/sandbox-network/http-server.ts';
import { openLedger } from '../../src/sandbox-network/ledger.ts';

export interface LedgerPost {
  marker: string;
  account: string;
  at: string;
  text: string;
  bodyHash: string;
}

/** A sandbox network with its own ledger, in this process: a program of its own costs each engine a start. */
export interface SandboxNetwork {
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
  /** Cuts every connection: nothing listens at its address until it is started again. */
  stop(): Promise<void>;
  /** Starts it again at the same address, with the same ledger. */
  start(): Promise<void>;
}

export async function startSandbox(directory: string): Promise<SandboxNetwork> {
  const first = await listen(directory, 0);
  const { url } = first;
  let current = first;
  return {
    url,
    ledger: () => readLedger(directory),
    fault: (order) => giveOrder(url, '/v1/faults', order),
    hook: (order) => giveOrder(url, '/v1/hooks', order),
    stop: () => current.stop(),
    async start() {
      current = await listen(directory, Number(new URL(url).port));
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

interface Listener {
  url: string;
  stop(): Promise<void>;
}

async function listen(directory: string, port: number): Promise<Listener> {
  const ledger = openLedger(directory);
  const server = createSandboxServer({ ledger, faults: openFaultLog(directory) });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  // Listening on an address, not on a pipe.
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    async stop() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      ledger.close();
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
