import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTimeTravel, type TimeTravel } from '../../src/commands/time-travel.ts';
import { NoAnswer } from '../../src/engine/ask.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { HOUR_MS } from '../support/item-story.ts';

let engine: ItemEngine;
beforeAll(async () => {
  engine = await openItemEngine();
});
afterAll(() => engine?.close());

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
