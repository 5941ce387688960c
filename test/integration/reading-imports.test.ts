import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorkspace } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';
import { type ImportOptions, importsOf, X } from '../support/import-requests.ts';
import { type PublishedPieces, publishPieces } from '../support/published-pieces.ts';

let api: IdleApi;
let imports: ReturnType<typeof importsOf>;
let pieces: PublishedPieces;
beforeAll(async () => {
  api = await openIdleApi();
  imports = importsOf(api);
  pieces = await publishPieces(api.database.db, api.workspace, { count: 3 });
});
afterAll(() => api?.close());

describe('an import', () => {
  it('stores what the rows of an export say of their pieces, and says what became of each', async () => {
    const own = await publishPieces(api.database.db, api.workspace, { count: 2, tag: 'own' });
    const file =
      'Post id,Impressions,Likes,Reposts,Shares\nown0,120,5,1,2\nown1,7,,3,\nown9,1,1,1,1\nown0,x,1,1,1\n';
    const { status, json } = await imports.send(file);
    expect(status).toBe(201);
    expect(json).toMatchObject({
      state: 'done',
      mapping: X,
      readings: 4,
      line: 5,
      counts: { stored: 2, unmatched: 1, refused: 1, duplicate: 0 },
      createdBy: api.workspace.memberOf('social_media_manager'),
    });
    const [first, second] = own.publicationIds;
    const stored = await imports.readingsOf(own.itemId);
    expect(
      stored
        .map(({ measure, value, publicationId }: Record<string, unknown>) => [
          measure,
          value,
          publicationId,
        ])
        .sort(),
    ).toEqual(
      [
        ['impressions', 120, first],
        ['impressions', 7, second],
        ['reactions', 5, first],
        ['shares', 3, first],
      ].sort(),
    );
    expect(stored[0]).toMatchObject({
      source: 'csv',
      asOf: '2026-03-02T08:00:00.000Z',
      createdBy: api.workspace.memberOf('social_media_manager'),
    });
    const { items } = await imports.rowsOf(json.id);
    expect(items).toMatchObject([
      { line: 2, result: 'stored', publicationId: first, itemId: own.itemId, readings: 3 },
      { line: 3, result: 'stored', publicationId: second, readings: 1 },
      {
        line: 4,
        result: 'unmatched',
        mistakes: [
          { column: 'Post id', message: expect.stringMatching(/"own9" is no publication/) },
        ],
      },
      {
        line: 5,
        result: 'refused',
        mistakes: [
          { column: 'Impressions', message: expect.stringMatching(/"x" is not a number/) },
        ],
      },
    ]);
  });

  it('changes nothing when the file comes again, from whomever, and stores what it corrects', async () => {
    const own = await publishPieces(api.database.db, api.workspace, { count: 2, tag: 'twice' });
    const file = 'Post id,Likes\ntwice0,5\ntwice1,6\n';
    await imports.send(file);
    const again = await imports.send(file, { role: 'strategist' });
    expect(again.json).toMatchObject({ readings: 0, counts: { unchanged: 2, stored: 0 } });
    const corrected = await imports.send('Post id,Likes\ntwice0,5\ntwice1,8\n');
    expect(corrected.json).toMatchObject({ readings: 1, counts: { unchanged: 1, stored: 1 } });
    expect(await imports.readingsOf(own.itemId)).toHaveLength(3);
  });

  it('stores each reading once, however many send the same file at once', async () => {
    const own = await publishPieces(api.database.db, api.workspace, { count: 40, tag: 'once' });
    const file = `Post id,Likes\n${own.publicationIds.map((_, n) => `once${n},${n}\n`).join('')}`;
    const answers = await Promise.all([imports.send(file), imports.send(file)]);
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toEqual([201, 201]);
    expect(answers[0].json.readings + answers[1].json.readings).toBe(40);
    expect(await imports.readingsOf(own.itemId)).toHaveLength(40);
  });

  it('takes a row twice as one, and refuses one that contradicts an earlier row', async () => {
    const { json } = await imports.send('Post id,Likes\na0,5\na0,5\na0,6\n');
    expect(json.counts).toMatchObject({ stored: 1, duplicate: 1, refused: 1 });
    const { items } = await imports.rowsOf(json.id, '?result=refused');
    expect(items).toMatchObject([
      { line: 4, mistakes: [{ message: expect.stringMatching(/line 2 says other numbers/) }] },
    ]);
  });

  it('tells rows of many measures apart by each of them', async () => {
    const header = 'Post id,Impressions,Likes,Replies,Bookmarks,Reposts,URL Clicks';
    const row = (clicks: number) => `a2,1000,200,30,4,5,${clicks}\n`;
    const { json } = await imports.send(`${header}\n${row(6)}${row(6)}${row(7)}`);
    expect(json.counts).toMatchObject({ stored: 1, duplicate: 1, refused: 1 });
  });

  it('finds a piece by its address, whatever is tagged to it', async () => {
    const own = await publishPieces(api.database.db, api.workspace, { count: 2, tag: 'url' });
    const { json } = await imports.send(
      'Post link,Impressions\nhttps://net.example/url/0/?utm_source=x#top,5\nhttps://net.example/url/1,6\n',
      { mapping: 'linkedin-page-updates' },
    );
    expect(json.counts).toMatchObject({ stored: 2 });
    expect(await imports.readingsOf(own.itemId)).toHaveLength(2);
  });

  it('pages its rows', async () => {
    const { json } = await imports.send(`Post id,Likes\n${'nobody,1\n'.repeat(450)}`);
    const first = await imports.rowsOf(json.id, '?limit=200');
    const second = await imports.rowsOf(json.id, `?limit=200&cursor=${first.nextCursor}`);
    const third = await imports.rowsOf(json.id, `?limit=200&cursor=${second.nextCursor}`);
    const lines = [first, second, third].flatMap(({ items }) =>
      items.map(({ line }: { line: number }) => line),
    );
    expect(lines).toEqual(Array.from({ length: 450 }, (_, n) => n + 2));
    expect(third.nextCursor).toBeNull();
  });
});

describe('a preview', () => {
  it('says what an import would do, and stores nothing', async () => {
    const own = await publishPieces(api.database.db, api.workspace, { count: 1, tag: 'dry' });
    const before = (await api.as('creator', 'GET', '/v1/readings/imports')).json.items.length;
    const file = 'Post id;Post text;Likes\ndry0;"a; b";5\nnobody;x;1\ndry0;x;-1\n';
    const { status, json } = await imports.send(file, { more: '&dryRun=true' });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      columns: {
        piece: { column: 'Post id', by: 'remote_id' },
        asOf: null,
        measures: [{ measure: 'reactions', column: 'Likes' }],
        skipped: ['Post text'],
      },
      readings: 1,
      counts: { stored: 1, unmatched: 1, refused: 1 },
      rows: [{ line: 2, publicationId: own.publicationIds[0], values: { reactions: 5 } }],
      mistakes: [{ line: 3 }, { line: 4, mistakes: [{ column: 'Likes' }] }],
    });
    expect(await imports.readingsOf(own.itemId)).toEqual([]);
    expect((await api.as('creator', 'GET', '/v1/readings/imports')).json.items).toHaveLength(
      before,
    );
    await imports.send(file);
    const after = await imports.send(file, { more: '&dryRun=true' });
    expect(after.json).toMatchObject({ readings: 0, counts: { unchanged: 1 } });
  });
});

describe('a file that cannot be imported', () => {
  it.each([
    [
      'an unknown mapping',
      { mapping: 'nobodys' },
      'Post id,Likes\na0,1\n',
      400,
      /mapping: is no shipped mapping/,
    ],
    ['no time', { asOf: null }, 'Post id,Likes\na0,1\n', 400, /asOf: is needed/],
    ['no header', {}, 'a,b\n1,2\n', 400, /line 1: none of the first 25 rows/],
    ['nothing in it', {}, '', 400, /the file is empty/],
    ['another type', { type: 'application/json' }, '{}', 415, /send text\/csv/],
    ['another charset', { type: 'text/csv; charset=utf-16' }, 'x', 415, /UTF-8/],
    ['a role without the right', { role: 'creator' }, 'a,b\n', 403, /this is for strategist/],
  ] as [string, ImportOptions, string, number, RegExp][])(
    'is refused: %s',
    async (_, options, file, wanted, message) => {
      const { status, json } = await imports.send(file, options);
      expect(status).toBe(wanted);
      expect(json.detail).toMatch(message);
    },
  );

  it('has its rights judged before its content', async () => {
    const { status } = await imports.send(Buffer.alloc(3 * 1024 * 1024, 0x61), { role: 'editor' });
    expect(status).toBe(403);
  });

  it('is refused before its first byte when it says that it has two gigabytes', async () => {
    const { request, answer } = imports.upload({}, { 'content-length': 2 * 1024 ** 3 });
    request.flushHeaders();
    const { status, json } = await answer;
    request.destroy();
    expect(status).toBe(413);
    expect(json.detail).toMatch(/2097152 bytes at most/);
  });

  it('is cut off where it outgrows the limit; what was stored stays, and is told', async () => {
    const row = `nobody,1,${'.'.repeat(1_000)}\n`;
    const { request, answer } = imports.upload();
    request.write('Post id,Likes,Post text\na1,77,\n');
    request.end(row.repeat(3_000));
    // The answer may be lost on the way: whoever sends too much is cut off.
    expect([413, 0]).toContain((await answer).status);
    request.destroy();
    const latest = await eventually(async () => {
      const one = await imports.latest();
      return one.state === 'failed' && one;
    });
    expect(latest).toMatchObject({
      failure: expect.stringMatching(
        /bytes at most; stored the rows until line \d+: send it in smaller/,
      ),
      readings: 1,
    });
    const values = (await imports.readingsOf(pieces.itemId)).map(
      ({ value }: { value: number }) => value,
    );
    expect(values).toContain(77);
  });

  it('that breaks off is told as failed, and stores the rest when it comes again', async () => {
    const own = await publishPieces(api.database.db, api.workspace, { count: 2, tag: 'broken' });
    const filler = 'nobody,1\n'.repeat(100_000);
    const [head, tail] = [`Post id,Likes\nbroken0,1\n${filler}`, 'broken1,2\n'];
    const { request } = imports.upload();
    request.write(head);
    const { latest } = imports;
    await eventually(async () => {
      const { state, readings } = await latest();
      return state === 'running' && readings === 1;
    });
    request.destroy();
    await eventually(async () => (await latest()).state === 'failed');
    expect((await latest()).failure).toMatch(/stored the rows until line \d+/);
    expect(await imports.readingsOf(own.itemId)).toHaveLength(1);
    const again = await imports.send(head + tail);
    expect(again.json).toMatchObject({ readings: 1, counts: { stored: 1, unchanged: 1 } });
    expect(await imports.readingsOf(own.itemId)).toHaveLength(2);
  });

  it('names the line where it cannot be read on', async () => {
    const { status, json } = await imports.send(
      `Post id,Likes\n${'nobody,1\n'.repeat(40_000)}"x,1\n`,
    );
    expect(status).toBe(201);
    const { items } = await imports.rowsOf(json.id, '?result=refused');
    expect(items).toMatchObject([
      { line: 40_002, mistakes: [{ message: expect.stringMatching(/quote/) }] },
    ]);
  });
});

describe('imports', () => {
  it('belong to their workspace, as its pieces do', async () => {
    const other = await makeWorkspace(api.database.db);
    const foreign = await publishPieces(api.database.db, other, { count: 1, tag: 'foreign' });
    const { json } = await imports.send('Post id,Likes\nforeign0,5\n');
    expect(json.counts).toMatchObject({ unmatched: 1, stored: 0 });
    const key = other.members.find(({ role }) => role === 'strategist')?.key ?? '';
    const path = `/v1/readings/imports/${json.id}`;
    for (const one of [path, `${path}/rows`]) {
      expect((await api.call(key, 'GET', one)).status).toBe(404);
    }
    expect((await api.call(key, 'GET', `/v1/items/${foreign.itemId}/readings`)).json.items).toEqual(
      [],
    );
  });

  it('are few at once, and one whose program died makes room and says so', async () => {
    const { db } = api.database;
    const { workspaceId } = api.workspace;
    const memberId = api.workspace.memberOf('strategist');
    const insert = (id: string, seenAgo: string) =>
      db.$client.query(
        `insert into reading_imports (id, workspace_id, mapping, created_by, seen_at)
         values ($1, $2, 'x', $3, now() - $4::interval)`,
        [id, workspaceId, memberId, seenAgo],
      );
    await insert('imp_alive1', '1 second');
    await insert('imp_alive2', '1 second');
    const refused = await imports.send('Post id,Likes\na0,5\n');
    expect(refused.status).toBe(429);
    expect(refused.json.detail).toMatch(/imports 2 files at once/);
    await db.$client.query(
      `update reading_imports set seen_at = now() - interval '2 minutes' where id = 'imp_alive1'`,
    );
    const seen = await api.as('creator', 'GET', '/v1/readings/imports/imp_alive1');
    expect(seen.json).toMatchObject({
      state: 'failed',
      failure: expect.stringMatching(/send the file again/),
    });
    expect((await imports.send('Post id,Likes\na0,5\n')).status).toBe(201);
    await db.$client.query(
      `update reading_imports set state = 'failed' where id like 'imp_alive%'`,
    );
  });
});

describe('mappings of a workspace', () => {
  const mapping = {
    match: [{ by: 'publication_id', headers: ['Piece'] }],
    asOf: { headers: ['Day'], format: 'dmy' },
    zone: 'Europe/Berlin',
    numbers: 'comma',
    measures: [{ measure: 'sessions', headers: ['Besuche'] }],
  };
  const path = '/v1/csv-mappings';

  it('are kept, read, replaced, used and removed', async () => {
    const made = await api.as('strategist', 'POST', path, { body: { name: 'Own', mapping } });
    expect(made.status).toBe(201);
    const { id } = made.json;
    const own = await publishPieces(api.database.db, api.workspace, { count: 1, tag: 'mapped' });
    const file = `Piece;Day;Besuche\n${own.publicationIds[0]};02.03.2026;1.234\n`;
    const { json } = await imports.send(file, { mapping: id, asOf: null });
    expect(json.counts).toMatchObject({ stored: 1 });
    expect(await imports.readingsOf(own.itemId)).toMatchObject([
      { value: 1_234, asOf: '2026-03-02T23:00:00.000Z' },
    ]);
    expect((await imports.send(file, { mapping: id })).json.detail).toMatch(
      /the file says it in its column "Day"/,
    );
    expect((await api.as('creator', 'GET', path)).json.items).toMatchObject([{ id, name: 'Own' }]);
    const body = { name: 'Own 2', mapping: { ...mapping, numbers: 'point' } };
    const changed = await api.as('social_media_manager', 'PUT', `${path}/${id}`, { body });
    expect(changed.json).toMatchObject({ name: 'Own 2', mapping: { numbers: 'point' } });
    expect((await api.as('creator', 'GET', `${path}/${id}`)).json.name).toBe('Own 2');
    expect((await api.as('strategist', 'DELETE', `${path}/${id}`)).status).toBe(204);
    expect((await api.as('strategist', 'DELETE', `${path}/${id}`)).status).toBe(404);
    expect((await imports.send(file, { mapping: id, asOf: null })).status).toBe(400);
  });

  it.each([
    [{ ...mapping, measures: [{ measure: 'bounce_rate', headers: ['x'] }] }, 'measures.0.measure'],
    [{ ...mapping, measures: [] }, 'measures'],
    [{ ...mapping, zone: 'Mars/Base' }, 'zone'],
    [{ ...mapping, match: [{ by: 'title', headers: ['x'] }] }, 'match.0.by'],
    [
      { ...mapping, measures: [{ measure: 'bounces', headers: ['x'], unit: 'percent' }] },
      'measures.0.unit',
    ],
    [{ ...mapping, formula: '=1' }, 'formula'],
    [
      { ...mapping, measures: [{ measure: 'sessions', headers: ['x'.repeat(101)] }] },
      'measures.0.headers.0',
    ],
  ])('are refused by field: %#', async (wrong, field) => {
    const { status, json } = await api.as('strategist', 'POST', path, {
      body: { name: 'Wrong', mapping: wrong },
    });
    expect(status).toBe(400);
    expect(json.issues[0].path).toBe(`mapping.${field}`);
  });

  it('have names of their own, and are for three roles', async () => {
    const body = { name: 'Taken', mapping };
    expect((await api.as('social_media_manager', 'POST', path, { body })).status).toBe(201);
    const twice = await api.as('strategist', 'POST', path, { body });
    expect([twice.status, twice.json.code]).toEqual([409, 'conflict']);
    const other = await api.as('strategist', 'POST', path, { body: { ...body, name: 'Other' } });
    const renamed = await api.as('strategist', 'PUT', `${path}/${other.json.id}`, { body });
    expect(renamed.status).toBe(409);
    for (const [method, at, sent] of [
      ['POST', path, body],
      ['PUT', `${path}/${other.json.id}`, body],
      ['DELETE', `${path}/${other.json.id}`, undefined],
    ] as const) {
      expect((await api.as('creator', method, at, { body: sent })).status).toBe(403);
    }
  });

  it('are shipped for the exports that many have', async () => {
    const { json } = await api.as('creator', 'GET', `${path}/shipped`);
    expect(json.items.map(({ id }: { id: string }) => id)).toContain(X);
  });
});
