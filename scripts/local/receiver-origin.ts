import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePort, LOOPBACK } from './ports.ts';

/** File in the state directory that says which address beside the stack may be told by webhook. */
export const RECEIVER_ADDRESS_FILE = 'receiver-address';

/**
 * Chooses the one address on this machine that subscriptions may name, and writes it down: programs
 * beside the stack may listen there. Whoever sets BATON_ALLOWED_ORIGINS adds more.
 */
export async function allowReceiver(
  base: NodeJS.ProcessEnv,
  { stateDir, port }: { stateDir: string; port: number | undefined },
): Promise<NodeJS.ProcessEnv> {
  const url = `http://${LOOPBACK}:${await findFreePort(port)}`;
  writeFileSync(join(stateDir, RECEIVER_ADDRESS_FILE), `${url}\n`);
  const others = base['BATON_ALLOWED_ORIGINS'];
  return { ...base, BATON_ALLOWED_ORIGINS: others ? `${others},${url}` : url };
}
