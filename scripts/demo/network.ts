import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BatonClient, wholeList } from '../../src/client/index.ts';
import { SANDBOX_ADDRESS_FILE } from '../local/stack.ts';
import type { Accounts } from './story.ts';

/** An account whose network knows no keys and cannot be asked for a post. */
const KEYLESS = { name: 'Sandbox without keys', settings: { idempotency: 'none' } } as const;

/** The accounts of the story; the second is made the first time. */
export async function gatherAccounts(manager: BatonClient): Promise<Accounts> {
  const standing = await wholeList((query) =>
    manager.channelAccounts.list({ channel: 'sandbox', ...query }),
  );
  const sandboxes = standing.filter(({ active }) => active);
  const keyed = sandboxes.find(({ name }) => name !== KEYLESS.name);
  if (!keyed) throw new Error('the workspace has no sandbox account to publish to');
  const keyless =
    sandboxes.find(({ name }) => name === KEYLESS.name) ??
    (await manager.channelAccounts.add({ channel: 'sandbox', zone: keyed.zone, ...KEYLESS }));
  return { keyed: keyed.id, keyless: keyless.id };
}

/** Where the stack's sandbox network listens. @throws Error when the stack does not say. */
export function readSandboxUrl(stateDir: string): string {
  return readFileSync(join(stateDir, SANDBOX_ADDRESS_FILE), 'utf8').trim();
}

/** The next post with this marker goes wrong. */
export async function orderFault(
  sandboxUrl: string,
  order: { mode: string; marker: string },
): Promise<void> {
  const response = await fetch(`${sandboxUrl}/v1/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok)
    throw new Error(`the sandbox network refuses ${order.mode}: ${response.status}`);
}
