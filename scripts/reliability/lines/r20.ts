import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import type { Line, Outcome } from '../line.ts';
import { replacing } from '../replacements.ts';

const Report = z.object({
  asked: z.record(z.string(), z.number()),
  vectors: z.int(),
  let: z.array(z.string()),
});

/**
 * Every way out of Baton is sent to addresses that lead inside. Something listens there on every address of
 * this machine: a connection that reaches it is what must not be.
 */
export const R20: Line = {
  id: 'R20',
  title: 'addresses that lead inside × every outbound path, redirects, rebinding',
  target: 'no connection to an internal address, no redirect followed',
  protection: 'the check of every resolved address',
  full: 1,
  small: 1,
  async run(stack, { control, progress }) {
    const inside = await listenInside();
    const file = join(stack.directory, `r20-${Date.now()}-${control}.json`);
    try {
      await stack.run({
        name: 'Outbound probe',
        script: 'scripts/reliability/programs/outbound-probe.ts',
        environment: control ? replacing(['openLookup']) : {},
        args: [String(inside.port), file, ...(control ? ['own'] : [])],
      });
      const report = Report.parse(JSON.parse(readFileSync(file, 'utf8')));
      progress(`${report.vectors} vectors are tried`);
      const outcome: Outcome = {
        operations: Object.values(report.asked).reduce((sum, count) => sum + count, 0),
        faults: report.asked,
        lost: 0,
        duplicated: 0,
        unresolved: 0,
        recoveryMs: [],
        violations: [...report.let],
        evidence: [],
      };
      const { connections } = inside;
      if (connections > 0) outcome.violations.unshift(`${connections} connections came inside`);
      return outcome;
    } finally {
      inside.server.close();
      rmSync(file, { force: true });
    }
  },
};

interface Inside {
  server: Server;
  port: number;
  connections: number;
}

async function listenInside(): Promise<Inside> {
  const server = createServer((socket) => {
    inside.connections += 1;
    socket.on('error', () => {});
    socket.destroy();
  });
  server.listen(0, '::');
  await once(server, 'listening');
  // Listening on an address, not on a pipe.
  const inside: Inside = { server, port: (server.address() as AddressInfo).port, connections: 0 };
  return inside;
}
