import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import type { Database } from '../../src/db/client.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { BATON_QUEUE } from '../bench/bench-stack.ts';
import { readCast } from '../bench/run.ts';
import { openDriverDatabase } from '../bench/storm-ground.ts';
import type { Cast } from '../bench/variants.ts';
import { type BoundProcess, waitUntilReady } from '../local/bound-process.ts';
import { startTemporaryStack, type TemporaryStack } from '../local/temporary-stack.ts';
import { createPeople, type People } from '../reliability/people.ts';
import { type HangingReadings, startHangingReadings } from './hanging-readings.ts';

/** One request, and how long its answer took. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
  tookMs: number;
}

/** Worker, API and servers, each a process of its own, and a network whose readings can hang. */
export interface LoadGround {
  stack: TemporaryStack;
  temporal: Client;
  database: Database;
  cast: Cast;
  channelAccountId: string;
  readings: HangingReadings;
  /** Who repeat a request until it is answered for good. */
  people: People;
  /** Sends a request as the holder of a role, once. */
  ask(role: Role, path: string, body: object, key?: string): Promise<Answer>;
  /** Starts an item and gives its id. */
  startItem(title: string): Promise<string>;
  /**
   * Starts another worker, which remembers nothing. The old one ends by itself, as at a release: the
   * engine knows at once that it is gone.
   */
  replaceWorker(): Promise<void>;
  stop(): Promise<void>;
}

const ANSWER_WITHIN_MS = 30_000;
/** Longer than a worker waits for its activities. */
const STOP_MS = 60_000;

export async function prepareGround(): Promise<LoadGround> {
  const stack = await startTemporaryStack({ prefix: 'baton-load-', taskQueue: BATON_QUEUE });
  try {
    return await prepare(stack);
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

async function prepare(stack: TemporaryStack): Promise<LoadGround> {
  const readings = await startHangingReadings(stack.sandboxUrl);
  let worker = await startWorker(stack, readings);
  const { url } = await stack.startApi({ environment: { SANDBOX_URL: readings.url } });
  const connection = await Connection.connect({ address: stack.temporal.address });
  const temporal = new Client({ connection });
  const database = openDriverDatabase(stack.databaseUrl, 4);
  const { cast, channelAccountId } = await readCast(stack);
  const ask: LoadGround['ask'] = async (role, path, body, key = randomUUID()) => {
    const began = performance.now();
    const response = await fetch(url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${cast.members[role].key}`,
        'content-type': 'application/json',
        'idempotency-key': key,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    // Every route answers an object.
    const answer = (await response.json()) as Record<string, unknown>;
    return { status: response.status, body: answer, tookMs: performance.now() - began };
  };
  return {
    stack,
    temporal,
    database,
    cast,
    channelAccountId,
    readings,
    people: createPeople(stack.credentials, [url]),
    ask,
    async startItem(title) {
      const { status, body } = await ask('strategist', '/v1/items', { title });
      const item = body['item'] as { id: string } | undefined;
      if (item === undefined) throw new Error(`${title}: ${status} ${JSON.stringify(body)}`);
      return item.id;
    },
    async replaceWorker() {
      await worker.stop({ graceMs: STOP_MS });
      worker = await startWorker(stack, readings);
    },
    async stop() {
      await database.close();
      await connection.close();
      await readings.stop();
      await stack.stop();
    },
  };
}

async function startWorker(stack: TemporaryStack, { url }: HangingReadings): Promise<BoundProcess> {
  const worker = await stack.start({
    name: 'Worker',
    script: 'worker.ts',
    environment: { BATON_WORKFLOW_BUNDLE: stack.workflowBundle, SANDBOX_URL: url },
  });
  await waitUntilReady(worker, 'Worker', async () =>
    worker.tail().includes('worker polls') ? true : undefined,
  );
  return worker;
}
