import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeImportedReadings } from '../../src/db/imports/readings.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';
import { publishPieces } from '../support/published-pieces.ts';

let api: IdleApi;
beforeAll(async () => {
  api = await openIdleApi();
});
afterAll(() => api?.close());

const pieceOf = (tag: string, count = 1) =>
  publishPieces(api.database.db, api.workspace, { count, tag });

describe('readings that an import stores', () => {
  it('are told from those of another workspace, whatever their ids', async () => {
    const { db } = api.database;
    const other = await makeWorkspace(db);
    const foreign = await publishPieces(db, other, { count: 1, tag: 'foreign' });
    const own = await pieceOf('own');
    const reading = (id: string, itemId: string, key: string) => ({
      id,
      itemId,
      publicationId: null,
      measure: 'reactions' as const,
      value: 1,
      asOf: '2026-03-02T08:00:00.000Z',
      key,
    });
    const store = (
      { workspaceId, memberOf }: typeof other,
      readings: ReturnType<typeof reading>[],
    ) =>
      storeImportedReadings(db, {
        workspaceId,
        createdBy: memberOf('strategist'),
        checkpoint: null,
        readings,
      });
    await store(other, [reading('rdg_foreign', foreign.itemId, 'csv:1')]);
    await store(api.workspace, [reading('rdg_own', own.itemId, 'csv:1')]);
    const stored = await store(api.workspace, [
      reading('rdg_new', own.itemId, 'csv:2'),
      reading('rdg_foreign', own.itemId, 'csv:1'),
    ]);
    expect([...(stored ?? [])]).toEqual(['rdg_new']);
  });
});
