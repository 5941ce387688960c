/**
 * The sandbox network as a program of its own, so that no failure of Baton can touch its evidence.
 *
 * Settings: `SANDBOX_DIR` (where `ledger.jsonl` lives), `SANDBOX_PORT` (0 or none: a free one),
 * `SANDBOX_HOST` (default loopback), `SANDBOX_FAULTS=1` (may be told to misbehave and to call a harness; every fault is a line of `faults.jsonl`). It prints one line of
 * JSON with its address when it is ready.
 */
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { openFaultLog } from './fault-log.ts';
import { createSandboxServer } from './http-server.ts';
import { openLedger } from './ledger.ts';

const Settings = z.object({
  SANDBOX_DIR: z.string().min(1, 'must name the directory of the ledger'),
  SANDBOX_HOST: z.string().min(1).default('127.0.0.1'),
  SANDBOX_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  SANDBOX_FAULTS: z.enum(['0', '1']).default('0'),
});

const settings = Settings.safeParse(process.env);
if (settings.success) {
  start(settings.data);
} else {
  console.error(`The sandbox cannot start:\n${z.prettifyError(settings.error)}`);
  process.exitCode = 2;
}

function start({
  SANDBOX_DIR,
  SANDBOX_HOST,
  SANDBOX_PORT,
  SANDBOX_FAULTS,
}: z.infer<typeof Settings>) {
  const ledger = openLedger(SANDBOX_DIR);
  const faults = SANDBOX_FAULTS === '1' ? openFaultLog(SANDBOX_DIR) : null;
  const server = createSandboxServer({ ledger, faults });
  server.on('error', (error) => {
    console.error(`The sandbox cannot listen on ${SANDBOX_HOST}:${SANDBOX_PORT}: ${error.message}`);
    process.exitCode = 1;
  });
  server.listen(SANDBOX_PORT, SANDBOX_HOST, () => {
    const { address, port, family } = server.address() as AddressInfo;
    const host = family === 'IPv6' ? `[${address}]` : address;
    console.log(
      JSON.stringify({ ready: true, component: 'sandbox', address: `http://${host}:${port}` }),
    );
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close(() => ledger.close());
      server.closeAllConnections();
    });
  }
}
