import type { Line } from '../line.ts';
import { liveBeside } from '../outages/live-beside.ts';
import { serverTrouble } from '../outages/server-trouble.ts';
import { openSite } from '../site.ts';

const PAUSE_MS = [15_000, 25_000] as const;
/** Kills at the exact instant at full size; the clock's come on top. */
const EXACT = 20;

/** An API whose engine dies before it has an answer sends the same Update again, and so do people. */
export const R8: Line = {
  id: 'R8',
  title: 'items from start to end while the Temporal server is killed (kill -9)',
  target: 'all end, every chain is whole, nothing twice',
  protection: 'the command id, which is the same at each repetition',
  full: 300,
  small: 6,
  endsServers: true,
  async run(stack, options) {
    const site = await openSite(stack, {
      apiParts: options.control ? ['forgetfulSender'] : ['hookedSender'],
      environment: { BATON_LOCAL: '1' },
    });
    try {
      const trouble = serverTrouble(site, stack.servers.temporal, {
        at: 'before-update',
        every: Math.max(2, Math.floor(options.n / EXACT)),
        seed: options.seed,
        pauseMs: PAUSE_MS,
      });
      return await liveBeside(site, trouble, { ...options, name: 'R8' });
    } finally {
      await site.close();
    }
  },
};
