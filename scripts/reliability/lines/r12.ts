import { makeApprovedItems } from '../items.ts';
import type { Line } from '../line.ts';
import { startFaultyReceiver } from '../outbound/faulty-receiver.ts';
import { eventsToTell, judgeDeliveries } from '../outbound/judge-deliveries.ts';
import { seededRandom } from '../random.ts';
import { createKiller } from '../release/program-killer.ts';
import type { Part } from '../replacements.ts';
import { openSite } from '../site.ts';
import { within } from '../time.ts';

const FAILURE_RATE = 0.2;
/** Events of an item that is written, approved and handed to the social media manager, about. */
const EVENTS_OF_AN_ITEM = 12;
const OUTAGE_MS = 10_000;
const KILL_EVERY_MS = 5_000;
/** Enough for the whole schedule as it is shortened, and for a machine with much else to do. */
const DELIVERED_WITHIN_MS = 420_000;
/** What was taken for delivered is never sent again. */
const CONTROL_WITHIN_MS = 30_000;

export const R12: Line = {
  id: 'R12',
  title:
    'events to a receiver that fails one time in five and is away once, while workers are killed',
  target: '0 lost, what comes again is the same with the same id, in order per item',
  protection: 'that only an answer of 2xx is a delivery',
  full: 1_000,
  small: 50,
  async run(stack, { n, seed, control, progress }) {
    const random = seededRandom(seed);
    const receiver = await startFaultyReceiver({ rate: FAILURE_RATE, random });
    const parts: Part[] = ['shortSchedule', ...(control ? (['carelessAttempt'] as const) : [])];
    const site = await openSite(stack, {
      workerParts: parts,
      environment: { BATON_ALLOWED_ORIGINS: receiver.url },
    });
    const killer = createKiller(seededRandom(seed + 1));
    try {
      const subscription = await site.people.ask<{ id: string; secret: string }>(
        'admin',
        'POST',
        '/v1/webhook-subscriptions',
        { url: receiver.url, types: ['*'] },
      );
      receiver.trust(subscription.secret);
      await killer.keep({ name: 'worker', start: () => site.startWorker(parts) }, site.worker);
      killer.begin(KILL_EVERY_MS);
      const account = { id: 'none', name: 'none' };
      const count = Math.max(1, Math.ceil(n / EVENTS_OF_AN_ITEM));
      const wanted = Array.from({ length: count }, (_, index) => ({
        text: `R12 ${seed}: item ${index}`,
        account,
      }));
      const half = Math.ceil(count / 2);
      const posts = await makeApprovedItems(site.people, wanted.slice(0, half));
      receiver.goAway(OUTAGE_MS);
      progress(`half of ${count} items are made; the receiver goes away`);
      posts.push(...(await makeApprovedItems(site.people, wanted.slice(half))));
      const events = await eventsToTell(
        site,
        posts.map(({ itemId }) => itemId),
      );
      const ids = new Set([...events.values()].flat());
      progress(`${ids.size} events have to be told`);
      await within(control ? CONTROL_WITHIN_MS : DELIVERED_WITHIN_MS, async () => {
        const came = new Set(receiver.received.map(({ id }) => id));
        return [...ids].every((id) => came.has(id)) ? true : null;
      });
      await killer.end();
      const judged = judgeDeliveries(events, receiver.received);
      const { lost, changed, disordered, repeated } = judged;
      const quiet = killer.kills['kill worker'] === undefined ? ['no worker was killed'] : [];
      return {
        operations: ids.size,
        faults: { ...receiver.faults, ...killer.kills },
        lost: lost.length,
        duplicated: changed.length,
        unresolved: disordered.length,
        recoveryMs: [],
        violations: [
          ...quiet,
          ...lost,
          ...changed,
          ...disordered,
          ...receiver.forged.map((fault) => `a signature did not fit: ${fault}`),
        ],
        evidence: [`${repeated} requests came again with the id and the body of their event`],
      };
    } finally {
      await killer.end().catch(() => {});
      await site.close();
      await receiver.close();
    }
  },
};
