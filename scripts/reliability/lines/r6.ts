import { z } from 'zod';
import { signWebhook } from '../../../src/client/webhook-signature.ts';
import { derivedId } from '../../../src/domain/ids.ts';
import type { ListeningProgram } from '../../local/listening-programs.ts';
import { makeOfferedItems } from '../items.ts';
import type { Line, Outcome } from '../line.ts';
import { answerOf } from '../people.ts';
import { openSite, type Site } from '../site.ts';
import { inLanes, within } from '../time.ts';

/** An API for each; each is killed and started again by its own lane, the others serve on. */
const LANES = 4;
const REDELIVER_MS = 60_000;
const REPEAT_MS = 300;
const APPLIED_MS = 30_000;
const PROGRESS_EVERY = 10;

/** The instants at which an API is killed. */
const INSTANTS = ['after the row is committed', 'after the 202', 'after the Update'] as const;
type Instant = (typeof INSTANTS)[number];

const Call = z.object({
  at: z.enum(['before-update', 'after-update']),
  pid: z.int(),
  subject: z.string(),
});

interface Endpoint {
  id: string;
  url: string;
  secret: string;
}
interface Killed {
  itemId: string;
  commandId: string;
  instant: Instant;
  at: number;
  wasAcked: boolean;
}

/**
 * A webhook's sender repeats what was not answered 2xx, and forgets what was. So what was answered must be
 * applied, and what was repeated must be applied once.
 */
export const R6: Line = {
  id: 'R6',
  title: 'kills (kill -9) of the API between commit and 2xx, and between 2xx and Update',
  target: 'nothing that was acknowledged stays unapplied, nothing is applied twice',
  protection: 'the command row that is committed before the answer',
  full: 100,
  small: 6,
  async run(stack, { n, control, progress }) {
    const parts = control ? (['hastySender'] as const) : (['hookedSender'] as const);
    // The people prepare through an API that nobody kills.
    const site = await openSite(stack);
    try {
      const endpoint = await site.people.ask<Endpoint>('admin', 'POST', '/v1/webhook-endpoints', {
        memberId: site.people.idOf('creator'),
        decisions: ['accept_handoff'],
        name: 'R6',
      });
      const items = await makeOfferedItems(site.people, n);
      progress(`${n} handoffs are offered`);
      const apis = await Promise.all(Array.from({ length: LANES }, () => site.startApi(parts)));
      const killed: Killed[] = [];
      const waiting = listenForCalls(site);
      await inLanes(LANES, n, async (index, lane) => {
        const api = apis[lane];
        const itemId = items[index];
        const instant = INSTANTS[index % INSTANTS.length];
        if (api === undefined || itemId === undefined || instant === undefined) return;
        const delivery = deliveryFor(endpoint, itemId);
        const { wasAcked, at } = await killDuring(api, delivery, { instant, waiting });
        killed.push({ itemId, commandId: delivery.commandId, instant, at, wasAcked });
        if (killed.length % PROGRESS_EVERY === 0) progress(`${killed.length} kills`);
        apis[lane] = await site.startApi(parts, api.url);
        if (!wasAcked) await redeliver(api.url, delivery);
      });
      return await judge(site, killed);
    } finally {
      await site.close();
    }
  },
};

interface Delivery {
  id: string;
  commandId: string;
  path: string;
  secret: string;
  body: string;
}

function deliveryFor({ id: endpointId, url, secret }: Endpoint, itemId: string): Delivery {
  const id = `msg_${itemId}`;
  const body = JSON.stringify({
    type: 'accept_handoff',
    data: { itemId, handoffId: derivedId('handoff', itemId, 1) },
  });
  return { id, commandId: `webhook:${endpointId}:${id}`, path: url, secret, body };
}

function send(url: string, { id, path, secret, body }: Delivery) {
  const headers = { 'content-type': 'application/json', ...signWebhook({ secret, body, id }) };
  return answerOf(`${url}${path}`, { method: 'POST', headers, body });
}

type Waiting = Map<string, (at: 'before-update' | 'after-update') => Promise<void>>;

/** Calls of the APIs, by command; those that nobody waits for go on at once. */
function listenForCalls({ harness }: Site): Waiting {
  const waiting: Waiting = new Map();
  harness.onCall(async (body) => {
    const { at, subject } = Call.parse(body);
    await waiting.get(subject)?.(at);
  });
  return waiting;
}

/** Delivers once and kills the API at the instant. @returns whether the sender got its 2xx. */
async function killDuring(
  api: ListeningProgram,
  delivery: Delivery,
  { instant, waiting }: { instant: Instant; waiting: Waiting },
): Promise<{ wasAcked: boolean; at: number }> {
  const { commandId } = delivery;
  const gone = Promise.withResolvers<void>();
  let at = 0;
  function kill(): void {
    if (at !== 0) return;
    at = Date.now();
    api.process.kill();
    gone.resolve();
  }
  waiting.set(commandId, async (point) => {
    const wanted = instant === 'after the Update' ? 'after-update' : 'before-update';
    if (point !== wanted) return;
    if (instant === 'after the 202') await gone.promise;
    else kill();
  });
  const reply = await send(api.url, delivery);
  // Killed at the latest when it has answered, whatever the answer is.
  kill();
  await api.process.exited;
  waiting.delete(commandId);
  return { wasAcked: reply !== null && reply.status < 300, at };
}

/** As its sender does, until it is acknowledged. */
async function redeliver(url: string, delivery: Delivery): Promise<void> {
  const acked = await within(
    REDELIVER_MS,
    async () => {
      const reply = await send(url, delivery);
      return reply !== null && reply.status < 300 ? true : null;
    },
    REPEAT_MS,
  );
  if (acked === null) throw new Error(`${delivery.commandId} is not acknowledged`);
}

const TRANSITIONS = `select item_id, count(*)::integer as transitions, min(recorded_at) as first
  from item_events where item_id = any($1) and type = 'handoff.accepted' group by item_id`;

async function judge({ database }: Site, killed: readonly Killed[]): Promise<Outcome> {
  const ids = killed.map(({ itemId }) => itemId);
  const read = async () =>
    (
      await database.pool.query<{ item_id: string; transitions: number; first: string | Date }>(
        TRANSITIONS,
        [ids],
      )
    ).rows;
  await within(APPLIED_MS, async () => ((await read()).length === ids.length ? true : null));
  const found = new Map((await read()).map((row) => [row.item_id, row]));
  const outcome = { lost: 0, duplicated: 0, unresolved: 0 };
  const faults: Record<string, number> = {};
  const violations: string[] = [];
  const recoveryMs: number[] = [];
  for (const { itemId, instant, at, wasAcked } of killed) {
    const kind = `kill ${instant}${wasAcked ? ', acknowledged' : ''}`;
    faults[kind] = (faults[kind] ?? 0) + 1;
    const row = found.get(itemId);
    if (row === undefined) {
      outcome.lost += 1;
      violations.push(`${itemId} was acknowledged and is not applied (${kind})`);
      continue;
    }
    outcome.duplicated += row.transitions - 1;
    if (row.transitions > 1) violations.push(`${itemId} was applied ${row.transitions} times`);
    recoveryMs.push(Math.max(0, new Date(row.first).getTime() - at));
  }
  return { operations: killed.length, faults, ...outcome, recoveryMs, violations, evidence: [] };
}
