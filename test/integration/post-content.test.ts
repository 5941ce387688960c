import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readContents } from '../../src/activities/publishing/post-content.ts';
import { type AssetStore, openAssetStore } from '../../src/assets/asset-store.ts';
import { saveBrief, saveDraft } from '../../src/db/item/versions.ts';
import { contentHashOf, hashOf } from '../../src/domain/canonical.ts';
import { makeBrief, makeDraft } from '../support/content.ts';
import { makeItem, makeWorkspace, openTestDb, type TestWorkspace } from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: TestWorkspace;
let directory: string;
let assets: AssetStore;
beforeAll(async () => {
  database = await openTestDb();
  workspace = await makeWorkspace(database.db);
  directory = mkdtempSync(join(tmpdir(), 'baton-content-'));
  assets = await openAssetStore({ directory, now: Date.now() });
});
afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true });
});

/** An order for an item whose brief and draft are stored. */
async function orderOf(draft: ReturnType<typeof makeDraft>) {
  const { id: itemId } = await makeItem(database.db, workspace);
  const key = { workspaceId: workspace.workspaceId, itemId };
  const authorId = workspace.memberOf('strategist');
  const brief = makeBrief();
  const hashes = { briefHash: hashOf(brief), draftHash: hashOf(draft) };
  await saveBrief(database.db, { ...key, hash: hashes.briefHash, body: brief, authorId });
  await saveDraft(database.db, { ...key, hash: hashes.draftHash, body: draft, authorId });
  return {
    ...key,
    ...hashes,
    contentHash: contentHashOf(hashes),
    channel: 'sandbox',
    channelAccountId: 'cha_1',
    slotNumber: 1,
    publicationId: 'pub_1',
    dueAt: '2030-01-01T12:00:00Z',
    sendUntil: '2030-01-01T13:00:00Z',
  };
}

it('the first text of a thread is sent with the approved title and its link, the others alone', async () => {
  const link = 'https://example.com/du-pain';
  const variants = [{ channel: 'sandbox' as const, text: 'un', link, thread: ['deux'] }];
  const order = await orderOf(makeDraft({ title: 'Du pain, pas de restes', variants }));
  expect(await readContents({ db: database.db, assets }, order)).toEqual([
    { text: 'un', language: 'en', title: 'Du pain, pas de restes', link },
    { text: 'deux', language: 'en' },
  ]);
});

it('content that hashes to something else than the approved one is not sent', async () => {
  const order = { ...(await orderOf(makeDraft())), contentHash: hashOf('another') };
  expect(await readContents({ db: database.db, assets }, order)).toMatchObject({
    outcome: 'hash_mismatch',
  });
});
