import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { seededRandom } from '../../scripts/reliability/random.ts';
import { createDb, type Database } from '../../src/db/client.ts';
import { readChain } from '../../src/db/item/item-events.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { findFaults } from './command-checks.ts';
import { makeBrief, makeDraft, tickedChecklist } from './content.ts';
import { eventually } from './eventually.ts';
import { isRunning, startTestStack } from './stack-local.ts';

/** Further items are started while a component was not killed yet, up to so many. */
const MOST_ITEMS = 60;
const AT_ONCE = 5;
/** One in so many commands is given up by its caller before the answer. */
const GIVE_UP_EVERY = 6;
const ITEM_DEADLINE_MS = 150_000;

interface Sent {
  key: string;
  command: string;
  /** What the caller was told; null when it gave up. */
  answer: 'applied' | 'refused' | null;
}

interface Item {
  id: string;
  title: string;
  stage: string;
  substage: string | null;
  handoffs: { id: string; state: string }[];
  draft: { contentHash: string } | null;
  review: { hash: string | null; signOffs: { role: string }[] } | null;
  waitingOn: { role: string; for: string }[];
}

type Stack = Awaited<ReturnType<typeof startTestStack>>;

interface Fate {
  itemId: string;
  sent: Sent[];
}

/** Items live beside components that are killed one after another, and what became of them is checked. */
export async function livesThroughChaos({
  items,
  kills,
}: {
  items: number;
  kills: number;
}): Promise<void> {
  const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1e9));
  console.log(`CHAOS_SEED=${seed}`);
  const random = seededRandom(seed);
  const stack = await startTestStack();
  const database = createDb(stack.databaseUrl, { max: 3 });
  try {
    const account = await firstAccount(stack);
    const chaos = startChaos(stack, { kills, random });
    const isEnough = (count: number) =>
      count >= MOST_ITEMS || (count >= items && VICTIMS.every((name) => chaos.kills[name] > 0));
    const fates = await inParallel(AT_ONCE, isEnough, (index) =>
      new Story(stack, account, random, `Item ${index}`).live(),
    ).finally(() => chaos.stop());
    console.log(`items: ${fates.length}, kills: ${JSON.stringify(chaos.kills)}`);
    await stack.untilReady({ timeoutMs: 60_000 });
    const ledger = readLedger(stack);
    for (const fate of fates) await checkItem(stack, database, fate);
    expect(await findFaults(database.db, stack.credentials)).toEqual([]);
    expect(ledger).toHaveLength(fates.length);
    expect(new Set(ledger.map(({ marker }) => marker)).size).toBe(fates.length);
    expect(VICTIMS.filter((name) => chaos.kills[name] === 0)).toEqual([]);
  } catch (error) {
    console.log(JSON.stringify(await openMatters(database), null, 1));
    throw error;
  } finally {
    await database.close();
    await stack.dispose();
  }
}

/** What nobody has answered yet: the report of a failed run. */
async function openMatters({ pool }: Database): Promise<object> {
  const commands = await pool.query(
    `select id, item_id, type, state, applied_seq, attempt, error_count, last_error, is_queued, divergence
     from commands where state = 'pending' or divergence is not null or error_count > 0`,
  );
  const queues = await pool.query('select * from command_queues');
  const rows = await pool.query('select id, stage, substage, seq, head_hash from items');
  return { commands: commands.rows, queues: queues.rows, items: rows.rows };
}

async function checkItem(stack: Stack, database: Database, { itemId, sent }: Fate): Promise<void> {
  const { workspaceId } = stack.credentials;
  const rows = await eventually(
    async () => {
      const { rows: found } = await database.pool.query<{ id: string; state: string }>(
        'select id, state from commands where item_id = $1',
        [itemId],
      );
      return found.every(({ state }) => state !== 'pending') ? found : null;
    },
    { withinMs: 60_000, what: 'a verdict for every command' },
  );
  const verdicts = new Map(rows.map(({ id, state }) => [id.split(':').at(-1) ?? '', state]));
  expect(verdicts.size).toBe(rows.length);
  const chain = await readChain(database.db, { workspaceId, itemId });
  expect(verifyChain(chain)).toBeNull();
  const inTimeline = chain.flatMap(({ commandId }) => commandId?.split(':').at(-1) ?? []);
  expect(new Set(inTimeline).size).toBe(inTimeline.length);
  for (const { key, answer } of sent) {
    // A request that never reached a living API has no row: nothing was promised.
    if (answer !== null) expect(verdicts.get(key)).toBe(answer);
    expect(inTimeline.filter((id) => id === key)).toHaveLength(
      verdicts.get(key) === 'applied' ? 1 : 0,
    );
  }
  const { rows: items } = await database.pool.query<{ stage: string; seq: number }>(
    'select stage, seq from items where id = $1',
    [itemId],
  );
  expect(items[0]).toEqual({ stage: 'closed', seq: chain.length });
}

/** One item and the people around it. They look where it stands and do what is next, as people do. */
class Story {
  readonly #sent: Sent[] = [];
  #itemId = '';
  readonly #stack: Stack;
  readonly #account: string;
  readonly #random: () => number;
  readonly #title: string;

  constructor(stack: Stack, account: string, random: () => number, title: string) {
    this.#stack = stack;
    this.#account = account;
    this.#random = random;
    this.#title = title;
  }

  async live(): Promise<Fate> {
    const until = Date.now() + ITEM_DEADLINE_MS;
    this.#itemId = await this.#start(until);
    for (;;) {
      const item = await this.#look();
      if (item?.stage === 'closed') return { itemId: this.#itemId, sent: this.#sent };
      if (Date.now() > until)
        throw new Error(`${this.#itemId} stands in ${item?.stage}.${item?.substage}`);
      if (item !== null) await this.#next(item);
    }
  }

  /** The same key until somebody answers: a start is never given up. */
  async #start(until: number): Promise<string> {
    const key = randomUUID();
    while (Date.now() < until) {
      const body = { title: this.#title, brief: makeBrief() };
      const reply = await this.#call<{ item: Item }>('strategist', 'POST', '/v1/items', body, key);
      if (reply?.status === 201) return reply.body.item.id;
      await delay(150);
    }
    throw new Error(`${this.#title} was not started`);
  }

  async #look(): Promise<Item | null> {
    const reply = await this.#call<Item>('strategist', 'GET', `/v1/items/${this.#itemId}`);
    if (reply?.status === 200) return reply.body;
    await delay(150);
    return null;
  }

  async #next(item: Item): Promise<void> {
    const handoff = item.handoffs.at(-1)?.id;
    switch (`${item.stage}.${item.substage ?? ''}`) {
      case 'briefing.drafting':
        return this.#command('strategist', 'POST', 'handoffs', {
          checklist: tickedChecklist('brief'),
        });
      case 'briefing.offered':
        return this.#command('creator', 'POST', `handoffs/${handoff}/accept`, {});
      case 'creation.drafting':
        if (item.draft === null) {
          const draft = makeDraft({ title: this.#title, body: `${this.#title}: ${randomUUID()}` });
          return this.#command('creator', 'PUT', 'draft', draft);
        }
        return this.#command('creator', 'POST', 'handoffs', {
          checklist: tickedChecklist('review'),
        });
      case 'review.deciding': {
        const decision = {
          role: 'editor',
          contentHash: item.draft?.contentHash,
          decision: 'approve',
        };
        return this.#command('editor', 'POST', 'approvals', decision);
      }
      case 'scheduling.offered':
        return this.#command('social_media_manager', 'POST', `handoffs/${handoff}/accept`, {});
      case 'scheduling.planning': {
        const at = new Date(Date.now() + 1_000 + this.#random() * 3_000).toISOString();
        const publications = [{ channelAccountId: this.#account, at }];
        return this.#command('social_media_manager', 'PUT', 'schedule', { publications });
      }
      case 'measuring.': {
        const by = { itemId: this.#itemId, by: 'P29D' };
        await this.#call('strategist', 'POST', '/v1/local/time-travel', by, randomUUID());
        return;
      }
      case 'kpi_review.': {
        const role = item.waitingOn[0]?.role ?? 'strategist';
        const decision = role === 'strategist' ? 'scale' : 'agree';
        if (item.review?.hash == null) return void (await delay(100));
        return this.#command(role, 'POST', 'kpi-review/sign-offs', {
          role,
          decision,
          comment: 'it goes on, whatever is recommended',
          reviewHash: item.review.hash,
        });
      }
      default:
        await delay(150);
    }
  }

  /** Repeated under one key until it is answered; now and then its caller gives up at once. */
  async #command(role: string, method: string, path: string, body: object): Promise<void> {
    const entry: Sent = { key: randomUUID(), command: `${method} ${path}`, answer: null };
    this.#sent.push(entry);
    const givesUp = Math.floor(this.#random() * GIVE_UP_EVERY) === 0;
    const signal = givesUp ? AbortSignal.timeout(5 + Math.floor(this.#random() * 40)) : undefined;
    const until = Date.now() + 30_000;
    while (Date.now() < until) {
      const url = `/v1/items/${this.#itemId}/${path}`;
      const reply = await this.#call(role, method, url, body, entry.key, signal);
      if (reply !== null && reply.status < 500 && reply.status !== 202 && reply.status !== 429) {
        entry.answer = reply.status < 300 ? 'applied' : 'refused';
        if (reply.status === 400 || reply.status === 401)
          throw new Error(JSON.stringify(reply.body));
        return;
      }
      if (givesUp) return;
      await delay(150);
    }
  }

  /** Null when no answer came: the API is dead, or the caller gave up. */
  async #call<Body = unknown>(
    role: string,
    method: string,
    path: string,
    body?: object,
    key?: string,
    signal?: AbortSignal,
  ): Promise<{ status: number; body: Body } | null> {
    const member = this.#stack.credentials.members.find((one) => one.role === role);
    try {
      const response = await fetch(`${this.#stack.apiUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${member?.key}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(key !== undefined && { 'idempotency-key': key }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal ?? AbortSignal.timeout(90_000),
      });
      // Every route answers the shape that its caller names; an error's body is only printed.
      return { status: response.status, body: (await response.json()) as Body };
    } catch {
      return null;
    }
  }
}

const VICTIMS = ['worker', 'api', 'temporal', 'postgres'] as const;
type Victim = (typeof VICTIMS)[number];

/**
 * Kills one component after another, each when the one before had a moment to come back. Every one
 * has its turn before another has a second, and only who is up is killed.
 */
function startChaos(
  stack: Stack,
  { kills: most, random }: { kills: number; random: () => number },
) {
  const kills: Record<Victim, number> = { worker: 0, api: 0, temporal: 0, postgres: 0 };
  const over = new AbortController();
  const pause = (ms: number) => delay(ms, undefined, { signal: over.signal }).catch(() => {});
  const done = (async () => {
    let turn: Victim[] = [];
    for (let count = 0; count < most; count += 1) {
      await pause(1_500 + random() * 3_000);
      if (turn.length === 0) turn = [...VICTIMS];
      let up = runningOf(stack, turn);
      while (up.length === 0 && !over.signal.aborted) {
        await pause(50);
        up = runningOf(stack, turn);
      }
      const victim = up[Math.floor(random() * up.length)];
      if (victim === undefined || over.signal.aborted) return;
      stack.kill(victim);
      kills[victim] += 1;
      turn = turn.filter((name) => name !== victim);
    }
  })();
  return {
    kills,
    async stop() {
      over.abort();
      await done;
    },
  };
}

/** Those of them that were ready and whose process still runs. */
function runningOf(stack: Stack, among: readonly Victim[]): Victim[] {
  const pids = stack.pids();
  return among.filter((name) => {
    const pid = pids[name];
    return pid !== undefined && isRunning(pid);
  });
}

/** Does `work` in so many lanes, until `isEnough` of the count that was begun. */
async function inParallel<T>(
  atOnce: number,
  isEnough: (count: number) => boolean,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (!isEnough(next)) {
      const index = next;
      next += 1;
      results.push(await work(index));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}

async function firstAccount(stack: Stack): Promise<string> {
  const member = stack.credentials.members.find(({ role }) => role === 'social_media_manager');
  const response = await fetch(`${stack.apiUrl}/v1/channel-accounts`, {
    headers: { authorization: `Bearer ${member?.key}` },
  });
  const { items } = (await response.json()) as { items: { id: string; channel: string }[] };
  const account = items.find(({ channel }) => channel === 'sandbox');
  if (account === undefined) throw new Error('the workspace has no sandbox account');
  return account.id;
}

function readLedger(stack: Stack): { marker: string }[] {
  return readFileSync(join(stack.stateDir, 'sandbox', 'ledger.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
