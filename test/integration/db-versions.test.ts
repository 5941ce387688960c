import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBrief, getDraft, saveBrief, saveDraft } from '../../src/db/item/versions.ts';
import { hashOf } from '../../src/domain/canonical.ts';
import { Draft } from '../../src/domain/item/content/draft.ts';
import { makeItem, makeWorkspace, openTestDb, type TestWorkspace } from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: TestWorkspace;
beforeAll(async () => {
  database = await openTestDb(6);
  workspace = await makeWorkspace(database.db);
});
afterAll(() => database.close());

async function makeKey() {
  const { id: itemId } = await makeItem(database.db, workspace);
  return { workspaceId: workspace.workspaceId, itemId };
}

const authorId = () => workspace.memberOf('strategist');
const briefOf = (objective: string) => ({ body: { objective }, hash: hashOf({ objective }) });

describe('versions of a brief', () => {
  it('are numbered without gaps when many are saved at once, each text once', async () => {
    const key = await makeKey();
    const saved = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        saveBrief(database.db, {
          ...key,
          ...briefOf(`objective ${index % 8}`),
          authorId: authorId(),
        }),
      ),
    );
    expect(saved.filter(({ created }) => created)).toHaveLength(8);
    const numbers = saved.filter(({ created }) => created).map(({ row }) => row.version);
    expect(numbers.sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const byHash = Map.groupBy(saved, ({ row }) => row.hash);
    for (const same of byHash.values()) {
      expect(new Set(same.map(({ row }) => row.version)).size).toBe(1);
    }
  });

  it('come back by hash', async () => {
    const key = await makeKey();
    const [one, two] = [briefOf('one'), briefOf('two')];
    for (const version of [one, two, one]) {
      await saveBrief(database.db, { ...key, ...version, authorId: authorId() });
    }
    expect(await getBrief(database.db, { ...key, hash: one.hash })).toMatchObject({ version: 1 });
    expect(await getBrief(database.db, { ...key, hash: two.hash })).toMatchObject({
      version: 2,
      body: two.body,
    });
    expect(await getBrief(database.db, { ...key, hash: hashOf('none') })).toBeNull();
  });
});

describe('versions of a draft', () => {
  it('come back exactly, so that their hash still fits', async () => {
    const key = await makeKey();
    const body = Draft.parse({
      language: 'fr',
      title: 'Été',
      body: 'Ligne 1\n\tLigne 2 — « œuvre » 🎈\u2028fin',
      variants: [{ channel: 'sandbox', text: '\\u0041 "quoted" \\ \u{1F469}\u200D\u{1F680}' }],
    });
    const hash = hashOf(body);
    const { row } = await saveDraft(database.db, { ...key, hash, body, authorId: authorId() });
    const stored = await getDraft(database.db, { ...key, hash });
    expect(stored).toEqual(row);
    expect(stored?.body).toEqual(body);
    expect(hashOf(stored?.body)).toBe(hash);
  });

  it('need an item of the same workspace', async () => {
    const { itemId } = await makeKey();
    const version = { ...briefOf('foreign'), authorId: authorId() };
    const foreign = saveBrief(database.db, { workspaceId: 'wsp_other', itemId, ...version });
    await expect(foreign).rejects.toMatchObject({ code: 'item_row_missing' });
  });
});
