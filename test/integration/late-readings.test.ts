import { afterAll, beforeAll, expect, it } from 'vitest';
import { judgeLateReadings } from '../../src/activities/late-readings.ts';
import { getAddendum, listLateItems } from '../../src/db/item/kpi-addenda.ts';
import { freezeKpiReview } from '../../src/db/item/kpi-reviews.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import { makeWorkspace, type OpenTestDb, openTestDb } from '../support/db-fixture.ts';
import {
  freezePiece,
  type PublishedPiece,
  publishPiece,
  readPiece,
} from '../support/measured-piece.ts';

let database: OpenTestDb;
beforeAll(async () => {
  database = await openTestDb();
});
afterAll(() => database?.close());

const LATER = { asOf: '2026-02-01T08:00:00.000Z' };

it('late readings of an item that cannot be judged keep no other from it, and wait behind them', async () => {
  const workspace = await makeWorkspace(database.db);
  const { workspaceId } = workspace;
  const pieces: PublishedPiece[] = [];
  for (const day of [1, 2, 3]) {
    pieces.push(await publishPiece(database, workspace, { day, shares: 50 }));
  }
  const [first, broken, last] = pieces as [PublishedPiece, PublishedPiece, PublishedPiece];
  await freezePiece(database, first);
  await freezePiece(database, last);
  await freezeKpiReview(database.db, {
    ...broken.key,
    id: `rev_${broken.itemId}`,
    number: 1,
    hash: 'a'.repeat(64),
    body: { targets: [{ kpi: 'shares', target: 100, checkpoint: '+7d' }] },
  });
  for (const piece of pieces) await readPiece(database.db, piece, { shares: 150 }, LATER);
  await database.db.execute(`update late_readings set noted_at = noted_at - interval '1 hour'`);
  const waiting = async () =>
    (await listLateItems(database.db, { workspaceId, limit: 50 })).map(({ itemId }) => itemId);
  expect(await waiting()).toEqual([first.itemId, broken.itemId, last.itemId]);

  const failures: string[] = [];
  const onFailure = (itemId: string) => void failures.push(itemId);
  const added = await inWorkspace({ workspaceId }, () =>
    judgeLateReadings(database.program, { workspaceId, onFailure }),
  );
  expect([added, failures]).toEqual([2, [broken.itemId]]);
  for (const { key } of [first, last]) {
    expect(await getAddendum(database.db, key)).toMatchObject({ number: 1 });
  }
  expect(await waiting()).toEqual([broken.itemId]);
  const { rows } = await database.db.execute(
    `select noted_at > now() - interval '30 minutes' as is_behind from late_readings`,
  );
  expect(rows).toEqual([{ is_behind: true }]);
});
