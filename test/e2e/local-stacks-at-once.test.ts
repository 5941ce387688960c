import { describe, expect, it, onTestFinished } from 'vitest';
import { findFreePort } from '../../scripts/local/ports.ts';
import type { LocalPorts } from '../../scripts/local/stack-context.ts';
import { startTestStack } from '../support/stack-local.ts';

describe('two local stacks that start in the same instant', () => {
  it('both come up, though they prefer the same ports', async () => {
    const ports = await findFreePorts();
    const starts = [1, 2].map(() => startTestStack({ ports, temporalUi: true }));
    onTestFinished(async () => {
      for (const start of await Promise.allSettled(starts)) {
        if (start.status === 'fulfilled') await start.value.dispose();
      }
    });
    const stacks = await Promise.all(starts);
    for (const stack of stacks) {
      expect((await fetch(`${stack.apiUrl}/readyz`)).status).toBe(200);
      // Its key opens its own API only: neither of them talks to a program of the other.
      const key = stack.credentials.members[0]?.key;
      const reply = await fetch(`${stack.apiUrl}/v1/inbox`, {
        headers: { authorization: `Bearer ${key}` },
      });
      expect(reply.status).toBe(200);
      for (const name of ['postgres', 'temporal', 'sandbox', 'worker', 'api'] as const) {
        expect(stack.restarts(name)).toBe(0);
      }
    }
    const addresses = stacks.flatMap((stack) => [
      stack.apiUrl,
      stack.sandboxUrl,
      stack.temporalUiUrl,
      `tcp://${stack.temporalAddress}`,
      stack.databaseUrl,
    ]);
    const hosts = addresses.map((address) => new URL(address ?? '').host);
    expect(new Set(hosts).size).toBe(hosts.length);
  });
});

/** Ports that nobody listens on now. */
async function findFreePorts(): Promise<LocalPorts> {
  return {
    postgres: await findFreePort(undefined),
    temporal: await findFreePort(undefined),
    temporalUi: await findFreePort(undefined),
    sandbox: await findFreePort(undefined),
    api: await findFreePort(undefined),
    receiver: await findFreePort(undefined),
  };
}
