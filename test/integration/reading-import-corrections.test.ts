import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shippedMapping } from '../../src/api/imports/shipped/shipped.ts';
import { storeImportedReadings } from '../../src/db/imports/readings.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';
import { AS_OF, importsOf, X } from '../support/import-requests.ts';
import { publishPieces } from '../support/published-pieces.ts';

let api: IdleApi;
let imports: ReturnType<typeof importsOf>;
beforeAll(async () => {
  api = await openIdleApi();
  imports = importsOf(api);
});
afterAll(() => api?.close());

const pieceOf = (tag: string, count = 1) =>
  publishPieces(api.database.db, api.workspace, { count, tag });
const likes = (tag: string, value: number) => `Post id,Likes\n${tag}0,${value}\n`;
const DRY = { more: '&dryRun=true' };

/** Of readings of one instant the one that was recorded last counts. */
async function countingOf(itemId: string): Promise<number> {
  const readings = await imports.readingsOf(itemId);
  return readings.toSorted((a, b) => (a.id < b.id ? 1 : -1))[0].value;
}

describe('a value that comes again', () => {
  it('is stored again where another one was stated since: the last one counts', async () => {
    const { itemId } = await pieceOf('back');
    for (const [value, stored] of [
      [5, 1],
      [8, 1],
      [5, 1],
      [5, 0],
      [8, 1],
      [5, 1],
    ] as const) {
      const preview = await imports.send(likes('back', value), DRY);
      const { json } = await imports.send(likes('back', value));
      const counts = { stored, unchanged: 1 - stored };
      expect([json.readings, json.counts]).toMatchObject([stored, counts]);
      expect([preview.json.readings, preview.json.counts]).toMatchObject([stored, counts]);
      expect(await countingOf(itemId)).toBe(value);
    }
    const values = (await imports.readingsOf(itemId)).map(({ value }) => value);
    expect(values).toEqual([5, 8, 5, 8, 5]);
  });

  it('in one file is a contradiction of its rows: the first one stands, and each row says so', async () => {
    const { itemId } = await pieceOf('within');
    const file = 'Post id,Likes\nwithin0,5\nwithin0,8\nwithin0,5\n';
    const { json } = await imports.send(file);
    expect(json).toMatchObject({ readings: 1, counts: { stored: 1, refused: 1, duplicate: 1 } });
    const { items } = await imports.rowsOf(json.id);
    expect(items).toMatchObject([
      { line: 2, result: 'stored' },
      {
        line: 3,
        result: 'refused',
        mistakes: [{ message: expect.stringMatching(/line 2 says other numbers/) }],
      },
      { line: 4, result: 'duplicate' },
    ]);
    expect(await countingOf(itemId)).toBe(5);
    await imports.send('Post id,Likes\nwithin0,8\n');
    expect((await imports.send(file)).json).toMatchObject({
      readings: 1,
      counts: { stored: 1, refused: 1, duplicate: 1 },
    });
    expect(await countingOf(itemId)).toBe(5);
  });

  it('is stored once, however many send it at once', async () => {
    const { itemId } = await pieceOf('twice', 30);
    const fileOf = (value: number) =>
      `Post id,Likes\n${Array.from({ length: 30 }, (_, n) => `twice${n},${value + n}\n`).join('')}`;
    await imports.send(fileOf(5));
    await imports.send(fileOf(80));
    const answers = await Promise.all([imports.send(fileOf(5)), imports.send(fileOf(5))]);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(answers[0].json.readings + answers[1].json.readings).toBe(30);
    expect(await imports.readingsOf(itemId)).toHaveLength(90);
  });

  it('answers for its measure, piece, time and checkpoint alone', async () => {
    const { itemId } = await pieceOf('other', 2);
    const file = 'Post id,Likes,Impressions\nother0,5,50\nother1,5,50\n';
    await imports.send(file);
    await imports.send('Post id,Likes\nother0,8\n');
    await imports.send('Post id,Likes\nother1,9\n', { asOf: '2026-03-02T09:00:00Z' });
    await imports.send('Post id,Likes\nother1,9\n', { more: '&checkpoint=%2B24h' });
    const { json } = await imports.send(file);
    expect(json).toMatchObject({ readings: 1, counts: { stored: 1, unchanged: 1 } });
    expect(await imports.readingsOf(itemId)).toHaveLength(8);
  });

  it('knows two names of one age for the same checkpoint', async () => {
    const { itemId } = await pieceOf('age');
    const day = { more: '&checkpoint=%2B1d' };
    const hours = { more: '&checkpoint=%2B24h' };
    await imports.send(likes('age', 5), hours);
    await imports.send(likes('age', 8), day);
    const { json } = await imports.send(likes('age', 5), hours);
    expect(json).toMatchObject({ readings: 1, counts: { stored: 1 } });
    expect(await countingOf(itemId)).toBe(5);
  });

  it('is stored again also where a person stated another one by hand, and says so before', async () => {
    const { itemId, publicationIds } = await pieceOf('hand');
    await imports.send(likes('hand', 5));
    await api.database.db.$client.query(
      `insert into readings (id, workspace_id, item_id, publication_id, measure, value, as_of, source,
         created_by) values ('rdg_zz_hand', $1, $2, $3, 'reactions', 8, $4, 'manual', $5)`,
      [
        api.workspace.workspaceId,
        itemId,
        publicationIds[0],
        AS_OF,
        api.workspace.memberOf('strategist'),
      ],
    );
    const preview = await imports.send(likes('hand', 5), DRY);
    expect(preview.json).toMatchObject({ readings: 1, counts: { stored: 1, unchanged: 0 } });
  });
});

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

  it('are stored by statements of a bounded size, each once', async () => {
    const own = await pieceOf('many', 30);
    const measures = ['Impressions', 'Likes', 'Reposts', 'Replies', 'Bookmarks', 'URL Clicks'];
    const row = (n: number) => `many${n % 30},2026-01-01T00:${minute(n)}Z,${'1,'.repeat(5)}1\n`;
    const minute = (n: number) => new Date(Math.floor(n / 30) * 1_000).toISOString().slice(14, 19);
    const mapping = await api.as('strategist', 'POST', '/v1/csv-mappings', {
      body: {
        name: 'Many',
        mapping: {
          ...shippedMapping(X)?.mapping,
          asOf: { headers: ['At'] },
        },
      },
    });
    const rows = Array.from({ length: 3_000 }, (_, n) => row(n)).join('');
    const file = `Post id,At,${measures.join()}\n${rows}`;
    const options = { mapping: mapping.json.id, asOf: null };
    const { json } = await imports.send(file, options);
    expect([json.detail, json.readings]).toEqual([undefined, 18_000]);
    const { db } = api.database;
    const notes = await db.$client.query(
      'select from reading_additions where workspace_id = $1 and item_id = $2',
      [api.workspace.workspaceId, own.itemId],
    );
    expect(notes.rows).toHaveLength(2);
    expect((await imports.send(file, options)).json.readings).toBe(0);
  });
});
