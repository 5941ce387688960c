import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTimeTravel, type TimeTravel } from '../../src/commands/time-travel.ts';
import { createDb } from '../../src/db/client.ts';
import { NoAnswer } from '../../src/engine/ask.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { HOUR_MS } from '../support/item-story.ts';

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine();
});
afterAll(() => engine?.close());

function databaseUrl(): string {
  const { $client: pool } = engine.deps.db;
  if (!(pool instanceof pg.Pool)) throw new TypeError('the engine has a pool');
  return String(pool.options.connectionString);
}

async function arrivalOf(travel: TimeTravel, itemId: string, at: number) {
  const { workspaceId } = engine.workspace;
  return travel({ workspaceId, itemId, target: { to: new Date(at).toISOString() } });
}

/** Real time goes on while an item travels. */
async function expectNear(itemId: string, at: number): Promise<void> {
  const now = Date.parse((await engine.runState(itemId)).now);
  expect(now - at).toBeGreaterThanOrEqual(0);
  expect(now - at).toBeLessThan(HOUR_MS / 2);
}

it('journeys of one item at once lead no further than one of them', async () => {
  const travel = createTimeTravel(engine.deps);
  const itemId = await engine.start();
  const at = Date.now() + 3 * HOUR_MS;
  const outcomes = await Promise.all([1, 2, 3, 4].map(() => arrivalOf(travel, itemId, at)));
  expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual([
    'arrived',
    'under_way',
    'under_way',
    'under_way',
  ]);
  await expectNear(itemId, at);
  expect(await arrivalOf(travel, itemId, at + HOUR_MS)).toMatchObject({ outcome: 'arrived' });
});

it('a journey keeps out those that other processes make of its item', async () => {
  const { temporal } = engine.deps;
  const { workflowService } = temporal;
  const databases = [1, 2, 3].map(() => createDb(databaseUrl(), { max: 4 }));
  const itemId = await engine.start();
  const at = Date.now() + 3 * HOUR_MS;
  const { promise: othersHaveTried, resolve: goOn } = Promise.withResolvers<void>();
  const { promise: onItsWay, resolve: sayOnItsWay } = Promise.withResolvers<void>();
  const slow = {
    async updateWorkflowExecutionOptions(request: object) {
      sayOnItsWay();
      await othersHaveTried;
      return workflowService.updateWorkflowExecutionOptions(request);
    },
  };
  const slowly = Object.create(temporal, { workflowService: { value: slow } });
  try {
    const [first, ...others] = databases.map(({ db }, index) =>
      createTimeTravel({ db, temporal: index === 0 ? slowly : temporal }),
    ) as [TimeTravel, ...TimeTravel[]];
    const journey = arrivalOf(first, itemId, at);
    await onItsWay;
    for (const travel of others) {
      expect(await arrivalOf(travel, itemId, at)).toMatchObject({ outcome: 'under_way' });
    }
    goOn();
    expect(await journey).toMatchObject({ outcome: 'arrived' });
    await expectNear(itemId, at);
    for (const [index, travel] of others.entries()) {
      const next = at + (index + 1) * HOUR_MS;
      expect(await arrivalOf(travel, itemId, next)).toMatchObject({ outcome: 'arrived' });
    }
  } finally {
    goOn();
    await Promise.all(databases.map((database) => database.close()));
  }
});

it('a step whose answer is lost is made once', async () => {
  const { db, temporal } = engine.deps;
  const { workflowService } = temporal;
  const deaf = {
    async updateWorkflowExecutionOptions(request: object) {
      await workflowService.updateWorkflowExecutionOptions(request);
      throw new NoAnswer(1);
    },
  };
  const travel = createTimeTravel({
    db,
    temporal: Object.create(temporal, { workflowService: { value: deaf } }),
  });
  const itemId = await engine.start();
  const at = Date.now() + 3 * HOUR_MS;
  expect(await arrivalOf(travel, itemId, at)).toMatchObject({ outcome: 'arrived' });
  await expectNear(itemId, at);
});
