import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { derivedId, itemWorkflowId } from '../../src/domain/ids.ts';
import { inLanes } from '../bench/lanes.ts';
import { makeOfferedItems, ticked } from '../reliability/items.ts';
import type { Figure } from './figure.ts';
import type { Answer, LoadGround } from './ground.ts';

/** As long as a history was found that answered nothing any more. */
const LONG_EVENTS = 6_766;
/** A run that continues before that is long when its history is nearly as long as it gets. */
const NEARLY = 0.9;
/** Commands between two looks at the history. */
const STRETCH = 20;
const MAX_COMMANDS = 4_000;
/** As long as an Idempotency-Key may be: it is part of what a run carries. */
const KEY_LENGTH = 128;
const CARRIED_BYTES = 128_000;
const REASON = 'r'.repeat(700);
const AGAIN_AFTER_MS = 200;
const TRIES = 100;

/** Whether runs with a long history answer in time when no worker remembers them. */
export async function measureLongRuns(
  ground: LoadGround,
  { items }: { items: number },
): Promise<Figure[]> {
  const long: { pausing: Pausing; events: number }[] = [];
  await inLanes(items, items, async (index) => {
    const pausing = new Pausing(ground, await ground.startItem(`A long run ${index}`));
    long.push({ pausing, events: await makeLong(pausing) });
  });
  await ground.replaceWorker();
  const answers: Answer[] = [];
  for (const { pausing } of long) answers.push(await pausing.askOnce());
  const events = Math.min(...long.map((one) => one.events));
  const slowest = Math.max(...answers.map(({ tookMs }) => tookMs));
  console.log(`the slowest of ${items} uncached runs answered after ${Math.round(slowest)} ms`);
  return [
    {
      what: `other answers than 200 of ${items} runs in turn, of ${events} events, that no worker remembers`,
      value: answers.filter(({ status }) => status !== 200).length,
      limit: 0,
      unit: 'answers',
    },
  ];
}

/** What the run of a full item carries into a new history. */
export async function measureCarriedInput(ground: LoadGround): Promise<Figure[]> {
  const itemId = await makeFullItem(ground);
  const pausing = new Pausing(ground, itemId);
  const { runId } = await pausing.history();
  for (let sent = 0; (await pausing.history()).runId === runId; sent += STRETCH) {
    if (sent > MAX_COMMANDS) throw new Error('the full item does not continue in a new history');
    await pausing.stretch();
  }
  return [
    {
      what: 'the run of a full item carries into a new history',
      value: await carriedBytes(ground, itemId),
      limit: CARRIED_BYTES,
      unit: 'bytes',
    },
  ];
}

/** Holds and resumes an item: commands that make its history longer and the item no larger. */
class Pausing {
  readonly #ground: LoadGround;
  readonly #itemId: string;
  #isHeld = false;

  constructor(ground: LoadGround, itemId: string) {
    this.#ground = ground;
    this.#itemId = itemId;
  }

  /** The next command, sent once. */
  askOnce(key = newKey()): Promise<Answer> {
    const path = `/v1/items/${this.#itemId}/${this.#isHeld ? 'resume' : 'hold'}`;
    return this.#ground.ask('strategist', path, { reason: 'measured' }, key);
  }

  async stretch(): Promise<void> {
    for (let count = 0; count < STRETCH; count += 1) {
      const key = newKey();
      const { status, body } = await untilSettled(() => this.askOnce(key));
      if (status !== 200) throw new Error(`${this.#itemId}: ${status} ${JSON.stringify(body)}`);
      this.#isHeld = !this.#isHeld;
    }
  }

  async history(): Promise<{ runId: string; events: number }> {
    const { runId, historyLength } = await this.#ground.temporal.workflow
      .getHandle(itemWorkflowId(this.#itemId))
      .describe();
    return { runId, events: historyLength };
  }
}

/** @returns events of its history: as many as asked for, or nearly as many as a run has at most. */
async function makeLong(pausing: Pausing): Promise<number> {
  let wanted = LONG_EVENTS;
  let before = 0;
  for (let sent = 0; sent < MAX_COMMANDS; sent += STRETCH) {
    await pausing.stretch();
    const { events } = await pausing.history();
    if (events >= wanted) return events;
    // It has continued in a new history.
    if (events < before) wanted = Math.min(wanted, before * NEARLY);
    before = events;
  }
  throw new Error(`a run has no long history after ${MAX_COMMANDS} commands`);
}

/** Offers a brief and takes it back, each time with a handoff more, until the item has no room. */
async function makeFullItem({ ask, people }: LoadGround): Promise<string> {
  const [itemId = ''] = await makeOfferedItems(people, 1);
  const path = `/v1/items/${itemId}/handoffs`;
  for (let number = 1; number < MAX_COMMANDS; number += 1) {
    const handoff = `${path}/${derivedId('handoff', itemId, number)}/withdraw`;
    for (const [address, body] of [
      [handoff, { reason: REASON }],
      [path, ticked('brief')],
    ] as const) {
      const key = newKey();
      const { status, body: answer } = await untilSettled(() =>
        ask('strategist', address, body, key),
      );
      const text = JSON.stringify(answer);
      if (text.includes('item_has_room')) return itemId;
      if (status !== 200) throw new Error(`${address}: ${status} ${text}`);
    }
  }
  throw new Error(`${itemId} never has no room`);
}

/** The same request until it has its verdict. */
async function untilSettled(send: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await send();
    if (answer.status !== 202 || tries === TRIES) return answer;
    await delay(AGAIN_AFTER_MS);
  }
}

async function carriedBytes({ temporal }: LoadGround, itemId: string): Promise<number> {
  const { workflowService, options } = temporal;
  const { history } = await workflowService.getWorkflowExecutionHistory({
    namespace: options.namespace,
    execution: { workflowId: itemWorkflowId(itemId) },
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  const payloads = started?.input?.payloads ?? [];
  return payloads.reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
}

function newKey(): string {
  return randomUUID().padEnd(KEY_LENGTH, 'x');
}
