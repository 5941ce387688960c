import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkpointStorm } from '../../scripts/bench/kpi/checkpoint-storm.ts';
import { makeItem, makeWorkspace, openTestDb } from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
beforeAll(async () => {
  database = await openTestDb();
});
afterAll(() => database.close());

it('a storm of checkpoints keeps the limit of its source: none is lost, none stored twice', async () => {
  const workspace = await makeWorkspace(database.db);
  const { id: itemId } = await makeItem(database.db, workspace);
  const { workspaceId } = workspace;
  // As 1,000 against 300 in five minutes, with a clock that runs faster; the window never ends here.
  const size = { checkpoints: 80, limit: { requests: 40, perMs: 1_500 }, windowMs: 120_000 };
  const result = await checkpointStorm(database.programUrl, { workspaceId, itemId }, size);
  expect(result).toMatchObject({ lost: 0, doubled: 0, refused: 0, asked: 80 });
  expect(result.mostInOneStretch).toBeLessThanOrEqual(40);
  // Those who are held back have a turn each: they do not all come back again and again.
  expect(result.looks).toBeLessThan(5 * 80);
});
