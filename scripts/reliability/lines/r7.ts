import type { Line } from '../line.ts';
import { liveBeside } from '../outages/live-beside.ts';
import { serverTrouble } from '../outages/server-trouble.ts';
import type { Part } from '../replacements.ts';
import { openSite } from '../site.ts';

const PAUSE_MS = [5_000, 10_000] as const;
/** Kills at the exact instant at full size; the clock's come on top. */
const EXACT = 20;

/**
 * People believe a 202, as webhooks do: what an API acknowledged and could not write down is ended by
 * whoever looks for it.
 */
export const R7: Line = {
  id: 'R7',
  title: `items from start to end while PostgreSQL is killed (kill -9) every ${PAUSE_MS[0] / 1_000}–${PAUSE_MS[1] / 1_000} s`,
  target: 'all end, every chain is whole, what was acknowledged has its verdict, nothing twice',
  protection: 'the drainer, which ends what a sender could not',
  full: 300,
  small: 6,
  endsServers: true,
  async run(stack, options) {
    const apiParts: Part[] = ['hookedSender', ...(options.control ? (['noDrainer'] as const) : [])];
    const site = await openSite(stack, { apiParts, environment: { BATON_LOCAL: '1' } });
    try {
      const trouble = serverTrouble(site, stack.servers.postgres, {
        at: 'after-update',
        every: Math.max(2, Math.floor(options.n / EXACT)),
        seed: options.seed,
        pauseMs: PAUSE_MS,
      });
      return await liveBeside(site, trouble, { ...options, name: 'R7', isTrusting: true });
    } finally {
      await site.close();
    }
  },
};
