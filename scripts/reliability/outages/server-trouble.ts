import { z } from 'zod';
import type { KeptServer } from '../../local/kept-server.ts';
import type { HarnessCall } from '../parts/call-harness.ts';
import { seededRandom } from '../random.ts';
import type { Site } from '../site.ts';
import type { Trouble } from './live-beside.ts';
import { createOutages } from './outages.ts';

/** Longer than a sender tries by itself, and than its fence. */
const AWAY_MS = 4_500;

const Call = z.object({ at: z.string(), subject: z.string() });

/**
 * A server that is killed by the clock, and at the exact instant at which an Update of a command that could
 * be applied again is about to go out, or is answered.
 */
export function serverTrouble(
  site: Site,
  server: KeptServer,
  {
    at,
    every,
    seed,
    pauseMs: [least, most],
  }: {
    at: HarnessCall['at'];
    /** One in so many of these commands. */
    every: number;
    seed: number;
    pauseMs: readonly [number, number];
  },
): Trouble {
  const random = seededRandom(seed);
  const outages = createOutages(server);
  const seen = new Set<string>();
  let waited = 0;
  async function isRepeatable(commandId: string): Promise<boolean> {
    const { rows } = await site.database.pool
      .query<{ type: string }>('select type from commands where id = $1', [commandId])
      .catch(() => ({ rows: [] }));
    return rows[0]?.type === 'extend';
  }
  site.harness.onCall(async (body) => {
    const call = Call.parse(body);
    // The caller's key, whatever the command is named.
    const key = call.subject.split(':').at(-1) ?? '';
    if (call.at !== at || seen.has(key) || !(await isRepeatable(call.subject))) return;
    seen.add(key);
    waited += 1;
    if (waited < every) return;
    if (outages.strike(`kill ${at}`, AWAY_MS)) waited = 0;
  });
  return {
    begin: () => outages.begin(() => least + random() * (most - least)),
    end: () => outages.end(),
    faults: () => outages.kills,
    recoveryMs: () => outages.awayMs,
  };
}
