import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { FaultLine, type FaultOrder, type HookOrder } from '../../src/channels/sandbox/protocol.ts';
import type { TemporaryStack } from '../local/temporary-stack.ts';

const LedgerLine = z.object({
  marker: z.string(),
  account: z.string(),
  at: z.iso.datetime(),
  text: z.string(),
  bodyHash: z.string(),
});
export type LedgerLine = z.infer<typeof LedgerLine>;

/** What the network itself has written down; no fault of ours can change it. */
export function readLedger(stack: TemporaryStack): LedgerLine[] {
  return readLines(join(stack.sandboxDirectory, 'ledger.jsonl'), LedgerLine);
}

/** The posts that were made to fail. */
export function readFaults(stack: TemporaryStack): FaultLine[] {
  return readLines(join(stack.sandboxDirectory, 'faults.jsonl'), FaultLine);
}

function readLines<T>(file: string, schema: z.ZodType<T>): T[] {
  if (!existsSync(file)) return [];
  const whole = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return whole.map((line) => schema.parse(JSON.parse(line)));
}

export function orderFault(stack: TemporaryStack, order: Partial<FaultOrder>): Promise<void> {
  return giveOrder(stack, '/v1/faults', order);
}

export function orderHook(stack: TemporaryStack, order: Partial<HookOrder>): Promise<void> {
  return giveOrder(stack, '/v1/hooks', order);
}

async function giveOrder(stack: TemporaryStack, path: string, order: object): Promise<void> {
  const response = await fetch(new URL(path, stack.sandboxUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}
