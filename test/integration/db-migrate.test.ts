import { appendFile, copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { migrate } from '../../src/db/migrate.ts';
import * as schema from '../../src/db/schema/index.ts';
import { makeChain, makeItem, makeWorkspace, openTestDb } from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
beforeAll(async () => {
  database = await openTestDb();
});
afterAll(() => database.close());

const MIGRATIONS = join(import.meta.dirname, '../../src/db/migrations');

async function copyMigrations(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'migrations-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const file of await readdir(MIGRATIONS)) {
    await copyFile(join(MIGRATIONS, file), join(directory, file));
  }
  return directory;
}

describe('migrate', () => {
  it('does nothing the second time, and two at once do not meet', async () => {
    expect(await migrate(database.url)).toEqual([]);
    await database.db.execute(sql`create schema if not exists again`);
    const url = new URL(database.url);
    url.searchParams.set('options', '-c search_path=again');
    const runs = await Promise.all([migrate(url.href), migrate(url.href)]);
    expect(runs.flat()).toEqual(
      (await readdir(MIGRATIONS)).sort().map((file) => file.replace('.sql', '')),
    );
  });

  it('refuses an applied migration that was edited', async () => {
    const directory = await copyMigrations();
    await appendFile(join(directory, '0001_initial.sql'), '\n-- edited\n');
    await expect(migrate(database.url, { directory })).rejects.toThrow(
      /0001_initial was edited after it was applied/,
    );
  });

  it('reads a checkout with other line ends as the same migration', async () => {
    const directory = await copyMigrations();
    const { readFile } = await import('node:fs/promises');
    const path = join(directory, '0001_initial.sql');
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('\n', '\r\n'));
    expect(await migrate(database.url, { directory })).toEqual([]);
  });

  it('refuses a database that is newer than the build, and misnumbered files', async () => {
    const directory = await copyMigrations();
    for (const file of await readdir(directory)) await rm(join(directory, file));
    await expect(migrate(database.url, { directory })).rejects.toThrow(/does not know/);
    await writeFile(join(directory, '0002_late.sql'), 'select 1;');
    await expect(migrate(database.url, { directory })).rejects.toThrow(/should be number 1/);
  });

  it('leaves nothing of a migration that fails', async () => {
    const directory = await copyMigrations();
    const number = String((await readdir(directory)).length + 1).padStart(4, '0');
    const file = join(directory, `${number}_broken.sql`);
    await writeFile(file, 'create table half_done (id text); select 1 / 0;');
    await expect(migrate(database.url, { directory })).rejects.toThrow(/broken failed/);
    const { rows } = await database.db.execute(sql`select to_regclass('half_done') as found`);
    expect(rows).toEqual([{ found: null }]);
  });
});

describe('append-only tables', () => {
  it('refuse every change and removal, whoever asks', async () => {
    const { db } = database;
    const workspace = await makeWorkspace(db);
    const item = await makeItem(db, workspace);
    const [event] = makeChain(1);
    if (event === undefined) throw new Error('no event was made');
    await db
      .insert(schema.itemEvents)
      .values({ ...event, itemId: item.id, workspaceId: workspace.workspaceId });
    await db.insert(schema.readings).values({
      id: `rdg_${item.id}`,
      workspaceId: workspace.workspaceId,
      itemId: item.id,
      measure: 'impressions',
      value: 1,
      source: 'sandbox',
      asOf: event.at,
    });
    await db.insert(schema.kpiReviews).values({
      id: `rev_${item.id}`,
      workspaceId: workspace.workspaceId,
      itemId: item.id,
      number: 1,
      hash: 'h',
      body: {},
    });
    for (const [table, column] of [
      ['item_events', 'actor'],
      ['readings', 'source'],
      ['kpi_reviews', 'hash'],
      ['playbooks', 'name'],
    ] as const) {
      const change = sql.raw(`update ${table} set ${column} = 'x'`);
      await expect(db.execute(change), table).rejects.toMatchObject({
        cause: { code: '23001', message: expect.stringContaining('append-only') },
      });
      const removal = db.execute(sql.raw(`delete from ${table}`));
      await expect(removal, table).rejects.toMatchObject({ cause: { code: '23001' } });
    }
  });

  it.each([
    'playbooks',
    'item_events',
    'briefs',
    'drafts',
    'readings',
    'kpi_reviews',
    'archived_histories',
    'repairs',
  ])('refuse that %s is emptied at once', async (table) => {
    // With `cascade`: a table that others point at is otherwise refused before any trigger.
    const truncation = database.db.execute(sql.raw(`truncate ${table} cascade`));
    await expect(truncation).rejects.toMatchObject({
      cause: { code: '23001', message: `${table} is append-only: TRUNCATE is refused` },
    });
  });
});
