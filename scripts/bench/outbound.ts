import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { createBatonClient } from '../../src/client/index.ts';
import { createDb, type Db } from '../../src/db/client.ts';
import { newId } from '../../src/db/ids.ts';
import { outbox } from '../../src/db/schema/index.ts';
import { OUTBOUND_EVENT_TYPES } from '../../src/domain/outbound/catalogue.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { startTemporaryStack, type TemporaryStack } from '../local/temporary-stack.ts';
import { type Receivers, startReceivers } from './outbound-receivers.ts';
import { type Latency, latencyOf } from './statistics.ts';

export interface OutboundRounds {
  events: number;
  /** Events per second while the time to the first attempt is measured, and for how long. */
  rate: number;
  seconds: number;
}

export interface OutboundResult {
  /** Events that receivers which answer took, per second: all written at once. */
  batonPerSecond: number;
  barePerSecond: number;
  /** From the commit of an event to its first request, milliseconds, of receivers that answer. */
  firstAttempt: Latency;
  repeated: number;
}

const RECEIVERS = 20;
const HANGING = 2;
/** Items whose events are told. */
const STREAMS = 1_000;
const BATCH = 250;
/** Requests at once: what Baton makes to the receivers that answer. */
const BARE_AT_ONCE = 180;
const PATIENCE_MS = 600_000;

/** Events to receivers of which some hang, by Baton and by a bare loop over the same requests. */
export async function measureOutbound(rounds: OutboundRounds): Promise<OutboundResult> {
  const receivers = await startReceivers({ count: RECEIVERS, hanging: HANGING });
  const stack = await startTemporaryStack({ prefix: 'baton-outbound-', taskQueue: 'bench-out' });
  try {
    const environment = { BATON_ALLOWED_ORIGINS: receivers.url };
    const worker = {
      BATON_WORKFLOW_BUNDLE: stack.workflowBundle,
      ...environment,
    };
    // The API is ready when a worker polls.
    await stack.start({ name: 'Worker', script: 'worker.ts', environment: worker });
    const { url } = await stack.startApi({ environment });
    return await measureOn(stack, { api: url, receivers, rounds });
  } finally {
    await stack.stop();
    await receivers.close();
  }
}

async function measureOn(
  stack: TemporaryStack,
  { api, receivers, rounds }: { api: string; receivers: Receivers; rounds: OutboundRounds },
): Promise<OutboundResult> {
  const { workspaceId, members } = stack.credentials;
  const key = members.find(({ role }) => role === 'admin')?.key ?? '';
  const client = createBatonClient({ url: api, key });
  for (let number = 0; number < RECEIVERS; number += 1) {
    const types = [typeOf(number)];
    await client.subscriptions.add({ url: `${receivers.url}/${number}`, types });
  }
  const { db, close } = createDb(stack.databaseUrl, { max: 4 });
  try {
    // The first event waits for the worker.
    const [first] = await write(db, workspaceId, 0, 1);
    await until(() => receivers.arrivals.has(first ?? ''));

    const firstAttempt = latencyOf(await paced(db, { workspaceId, receivers, ...rounds }));
    const batonPerSecond = await burst(db, { workspaceId, receivers, events: rounds.events });
    const { rows } = await db.$client.query<{ id: string; body: string; type: string }>(
      'select id, body, type from outbound_events order by position desc limit $1',
      [rounds.events],
    );
    const answered = rows.filter(({ type }) => typesThatAnswer().has(type));
    return {
      firstAttempt,
      batonPerSecond,
      barePerSecond: await bareLoop(receivers.url, answered),
      repeated: receivers.repeated,
    };
  } finally {
    await close();
  }
}

/** Events at a steady pace: how long each takes to its first request. */
async function paced(
  db: Db,
  {
    workspaceId,
    receivers,
    rate,
    seconds,
  }: { workspaceId: string; receivers: Receivers; rate: number; seconds: number },
): Promise<number[]> {
  const committed = new Map<string, number>();
  const began = performance.now();
  for (let sent = 0; sent < rate * seconds; sent += 1) {
    await delay(Math.max(0, began + (sent * 1_000) / rate - performance.now()));
    const ids = await write(db, workspaceId, sent, 1);
    if (sent % RECEIVERS < RECEIVERS - HANGING) {
      for (const id of ids) committed.set(id, performance.now());
    }
  }
  await until(() => [...committed.keys()].every((id) => receivers.arrivals.has(id)));
  return [...committed].map(([id, at]) => Math.max(0, (receivers.arrivals.get(id) ?? 0) - at));
}

/** All at once: how many a second the receivers that answer have taken until the last one. */
async function burst(
  db: Db,
  { workspaceId, receivers, events }: { workspaceId: string; receivers: Receivers; events: number },
): Promise<number> {
  const began = performance.now();
  const wanted: string[] = [];
  for (let from = 0; from < events; from += BATCH) {
    const ids = await write(db, workspaceId, from, Math.min(BATCH, events - from));
    wanted.push(...ids.filter((_, index) => (from + index) % RECEIVERS < RECEIVERS - HANGING));
  }
  await until(() => wanted.every((id) => receivers.arrivals.has(id)));
  const last = Math.max(...wanted.map((id) => receivers.arrivals.get(id) ?? 0));
  return (wanted.length * 1_000) / (last - began);
}

/** The same bytes, signed, through the same guarded client, with nothing remembered. */
async function bareLoop(
  url: string,
  events: readonly { id: string; body: string; type: string }[],
): Promise<number> {
  const http = createHttpClient({ allowedOrigins: [url] });
  const webhook = new Webhook(`whsec_${Buffer.alloc(32, 7).toString('base64')}`);
  const waiting = [...events];
  const began = performance.now();
  await Promise.all(
    Array.from({ length: BARE_AT_ONCE }, async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const at = new Date();
        await http.request({
          method: 'POST',
          url: `${url}/0`,
          headers: {
            'content-type': 'application/json',
            'webhook-id': `bare_${next.id}`,
            'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
            'webhook-signature': webhook.sign(next.id, at, next.body),
          },
          body: next.body,
        });
      }
    }),
  );
  return (events.length * 1_000) / (performance.now() - began);
}

async function write(db: Db, workspaceId: string, from: number, count: number): Promise<string[]> {
  const rows = Array.from({ length: count }, (_, index) => ({
    id: newId('event'),
    workspaceId,
    stream: `bench ${(from + index) % STREAMS}`,
    type: typeOf((from + index) % RECEIVERS),
    payload: { data: { number: from + index, text: 'x'.repeat(400) } },
  }));
  await db.insert(outbox).values(rows);
  return rows.map(({ id }) => id);
}

/** Each receiver wants a type of its own. */
function typeOf(receiver: number): (typeof OUTBOUND_EVENT_TYPES)[number] {
  return OUTBOUND_EVENT_TYPES[receiver] ?? 'webhook.test';
}

function typesThatAnswer(): ReadonlySet<string> {
  return new Set(Array.from({ length: RECEIVERS - HANGING }, (_, number) => typeOf(number)));
}

async function until(isSo: () => boolean): Promise<void> {
  const endsAt = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > endsAt) throw new Error('the events did not arrive in time');
    await delay(20);
  }
}
