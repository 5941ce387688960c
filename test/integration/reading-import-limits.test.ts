import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importFile } from '../../src/api/imports/import-file.ts';
import { shippedMapping } from '../../src/api/imports/shipped/shipped.ts';
import type { CsvMapping } from '../../src/domain/csv/mapping.ts';
import { eventually } from '../support/eventually.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';
import { importsOf, X } from '../support/import-requests.ts';
import { publishPieces } from '../support/published-pieces.ts';

let api: IdleApi;
let imports: ReturnType<typeof importsOf>;
beforeAll(async () => {
  api = await openIdleApi();
  imports = importsOf(api);
});
afterAll(() => api?.close());

const DRY = { more: '&dryRun=true' };
const SMALL = 'Post id,Likes\nnobody,5\n';
/** More than a block: it is begun, and waits for what follows. */
const BLOCKS = `Post id,Likes\n${'nobody,5\n'.repeat(70_000)}`;

const query = (text: string, values: unknown[] = []) => api.database.db.$client.query(text, values);

async function runningImports(count: number, seenAgo: string): Promise<() => Promise<unknown>> {
  const { workspaceId } = api.workspace;
  for (let n = 0; n < count; n += 1) {
    await query(
      `insert into reading_imports (id, workspace_id, mapping, created_by, seen_at)
       values ($1, $2, 'x', $3, now() - $4::interval)`,
      [`imp_held${n}`, workspaceId, api.workspace.memberOf('strategist'), seenAgo],
    );
  }
  return () => query(`delete from reading_imports where id like 'imp_held%'`);
}

describe('a preview', () => {
  it('is one of the few imports at once: it costs as much', async () => {
    const end = await runningImports(2, '1 second');
    const refused = await imports.send(SMALL, DRY);
    await end();
    expect(refused.status).toBe(429);
    expect(refused.json.detail).toMatch(/imports 2 files at once/);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await imports.send(SMALL, DRY)).status).toBe(200);
  });

  it('holds its turn until it ends, and is in no list', async () => {
    const listed = async () =>
      (await api.as('creator', 'GET', '/v1/readings/imports?limit=200')).json.items.length;
    const before = await listed();
    const slow = [imports.upload(DRY), imports.upload(DRY)];
    for (const { request } of slow) request.write(BLOCKS);
    const held = async () => (await query('select from reading_previews')).rows.length;
    await eventually(async () => (await held()) === 2);
    expect((await imports.send(SMALL)).status).toBe(429);
    expect((await imports.send(SMALL, DRY)).status).toBe(429);
    for (const { request } of slow) request.end();
    for (const { answer } of slow) expect((await answer).status).toBe(200);
    expect(await held()).toBe(0);
    expect(await listed()).toBe(before);
    expect((await imports.send(SMALL)).status).toBe(201);
  });

  it('gives its turn back when its sender leaves, and when its program died', async () => {
    const { request, answer } = imports.upload(DRY);
    request.write(BLOCKS);
    const held = async () => (await query('select from reading_previews')).rows.length;
    await eventually(async () => (await held()) === 1);
    request.destroy();
    await answer;
    await eventually(async () => (await held()) === 0);
    await query(
      `insert into reading_previews (id, workspace_id, seen_at)
       select 'ipv_dead' || n, $1, now() - interval '2 minutes' from generate_series(1, 2) n`,
      [api.workspace.workspaceId],
    );
    expect((await imports.send(SMALL)).status).toBe(201);
    expect(await held()).toBe(0);
  });
});

describe('a header of a hostile file', () => {
  it('is shown in part, however long it is', async () => {
    const long = `Post${' '.repeat(60_000)}id`;
    const file = `${long},Likes,${'x'.repeat(3_000)}\n${'=1,x,\n'.repeat(300)}`;
    const preview = await imports.send(file, DRY);
    expect(preview.status).toBe(200);
    expect(preview.text.length).toBeLessThan(200_000);
    const { json } = await imports.send(file);
    expect(json.counts).toMatchObject({ refused: 300 });
    const { items } = await imports.rowsOf(json.id);
    expect(items[0].mistakes.map(({ column }: { column: string }) => column.length)).toEqual([
      100, 5,
    ]);
  });
});

describe('rows that are counted', () => {
  it('are rows, however many mistakes each has', async () => {
    const columns = 'Post id,Impressions,Likes,Replies,Bookmarks,Reposts';
    const { status, json } = await imports.send(`${columns}\n${'n,x,x,x,x,x\n'.repeat(41_000)}`);
    expect([status, json.detail]).toEqual([201, undefined]);
    expect(json.counts).toMatchObject({ refused: 41_000 });
  });

  it('are bounded', async () => {
    const { status, json } = await imports.send(`Post id,Likes\n${'n,1\n'.repeat(200_001)}`);
    expect(status).toBe(400);
    expect(json.detail).toMatch(/a file has 200000 rows at most/);
  });
});

describe('an import', () => {
  it('is done before a run is told: an engine that is away keeps nobody from the next file', async () => {
    const { db } = api.database;
    await publishPieces(db, api.workspace, { count: 1, tag: 'told' });
    const states: string[] = [];
    const engine = {
      async tellReadings() {
        states.push((await imports.latest()).state);
      },
    };
    const order = {
      workspaceId: api.workspace.workspaceId,
      memberId: api.workspace.memberOf('strategist'),
      mappingId: X,
      mapping: shippedMapping(X)?.mapping as CsvMapping,
      zone: 'UTC',
      asOf: '2026-03-02T08:00:00.000Z',
      checkpoint: null,
    };
    const fileOf = (tail: string) => chunksOf(`Post id,Likes\ntold0,5\n${tail}`);
    await importFile({ db, engine }, { ...order, chunks: fileOf('') });
    const broken = { ...order, chunks: fileOf(`${'nobody,1\n'.repeat(70_000)}"${BLOCKS}`) };
    await expect(importFile({ db, engine }, broken)).rejects.toThrow(/mend the file/);
    expect(states).toEqual(['done', 'failed']);
  });
});

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

describe('an import that ends badly', () => {
  it.each([
    ['a file that cannot be read on', Buffer.from([0xe9, 0x0a]), 400, /mend the file and send it/],
    ['a row without an end', `"${'x'.repeat(80_000)}`, 400, /mend the file and send it again/],
    [
      'a file that is too large',
      `nobody,${'x'.repeat(1_000)}\n`.repeat(2_000),
      413,
      /in smaller files/,
    ],
  ] as [string, string | Buffer, number, RegExp][])(
    'names itself, what is stored, and what to do: %s',
    async (tag, tail, wanted, hint) => {
      const own = await publishPieces(api.database.db, api.workspace, { count: 1, tag });
      const head = `Post id,Likes\n"${tag}0",5\n${'nobody,1\n'.repeat(70_000)}`;
      const { request, answer } = imports.upload();
      request.write(head);
      // What comes after the limit may be cut off together with the answer.
      await eventually(async () => (await imports.readingsOf(own.itemId)).length === 1);
      request.end(tail);
      const { status, json } = await answer;
      const latest = await imports.latest();
      expect(latest).toMatchObject({ state: 'failed', readings: 1 });
      expect(latest.failure).toMatch(hint);
      expect(latest.failure).not.toMatch(/the same file/);
      if (status === 0) return;
      expect(status).toBe(wanted);
      expect(json.detail).toMatch(hint);
      expect(json.detail).toMatch(/rows that are stored count as unchanged/);
      expect(json.detail).toContain(
        `import ${latest.id} stored the rows until line ${latest.line}`,
      );
      const mended = await imports.send(head);
      expect(mended.json).toMatchObject({ readings: 0, counts: { unchanged: 1, stored: 0 } });
    },
  );

  it('says nothing of an import where none was begun', async () => {
    const { status, json } = await imports.send('a,b\n1,2\n');
    expect(status).toBe(400);
    expect(json.detail).not.toMatch(/stored/);
  });

  it('is failed when its sender stops in the middle, also one that said how much it sends', async () => {
    const own = await publishPieces(api.database.db, api.workspace, { count: 2, tag: 'cut' });
    // What arrives of the last row is a row: 2 of 25.
    const part = `${BLOCKS}cut0,1\ncut1,2`;
    const { request } = imports.upload({}, { 'content-length': Buffer.byteLength(part) + 2 });
    request.write(part);
    const latest = await eventually(async () => {
      const one = await imports.latest();
      return one?.state === 'running' && one.line > 1 && one;
    });
    request.destroy();
    const failed = await eventually(async () => {
      const one = await imports.latest();
      return one.state === 'failed' && one;
    });
    expect(failed.id).toBe(latest.id);
    expect(failed.failure).toMatch(/broke off.*send the same file again/);
    const values = (await imports.readingsOf(own.itemId)).map(({ value }) => value);
    expect(values).not.toContain(2);
    expect(api.logged.filter(({ message }) => message === 'request failed')).toEqual([]);
  });

  it('stores nothing more once it was taken for dead, and says so', async () => {
    const own = await publishPieces(api.database.db, api.workspace, { count: 1, tag: 'late' });
    const { request, answer } = imports.upload();
    request.write(BLOCKS);
    const { id } = await eventually(async () => {
      const one = await imports.latest();
      return one?.state === 'running' && one.line > 1 && one;
    });
    await query(
      `update reading_imports set state = 'failed', ended_at = now(), failure = 'dead' where id = $1`,
      [id],
    );
    request.end(`${'nobody,5\n'.repeat(70_000)}late0,1\n`);
    const { status, json } = await answer;
    expect(status).toBe(503);
    expect(json.detail).toMatch(/taken for dead.*send the same file again/);
    expect(await imports.readingsOf(own.itemId)).toEqual([]);
    expect(await imports.latest()).toMatchObject({ id, state: 'failed' });
  });
});
