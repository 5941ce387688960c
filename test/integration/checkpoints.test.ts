import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemEvents, items, outbox } from '../../src/db/schema/index.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import { chainEvents, GENESIS_HASH } from '../../src/domain/item/event.ts';
import { bodyOf } from '../../src/domain/outbound/body.ts';
import { bodySchemaOf } from '../../src/domain/outbound/catalogue.ts';
import { readSigningKey, type SigningKey } from '../../src/evidence/checkpoint.ts';
import { recordCheckpoint, writeCheckpoints } from '../../src/evidence/record-checkpoints.ts';
import { verifyEvidence } from '../../src/evidence/verify/verify-evidence.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

let api: IdleApi;
let directory: string;
const first = newKey();
const second = newKey();

beforeAll(async () => {
  api = await openIdleApi();
  directory = mkdtempSync(join(tmpdir(), 'baton checkpoints '));
});
afterAll(async () => {
  await api?.close();
  rmSync(directory, { recursive: true, force: true });
});

function newKey(): SigningKey {
  const { privateKey }: KeyPairKeyObjectResult = generateKeyPairSync('ed25519');
  return readSigningKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}

function record(key: SigningKey = first) {
  const { workspaceId } = api.workspace;
  const { program: db } = api.database;
  return inWorkspace({ workspaceId }, () =>
    recordCheckpoint({ db, key }, { workspaceId, now: new Date().toISOString() }),
  );
}

/** The files of the workspace's checkpoints, and those of the public keys. */
async function filesOf(name: string) {
  const { workspaceId } = api.workspace;
  const folder = join(directory, name);
  await inWorkspace({ workspaceId }, () =>
    writeCheckpoints(api.database.program, { workspaceId, directory: folder }),
  );
  const keys = [first, second].map(({ id, publicKey }) => {
    const path = join(directory, `${id}.pem`);
    writeFileSync(path, publicKey);
    return path;
  });
  return { checkpoints: join(folder, workspaceId), keys };
}

async function packFile(itemId: string): Promise<string> {
  const reply = await fetch(`${api.url}/v1/items/${itemId}/audit-pack`, {
    headers: { authorization: `Bearer ${api.keyOf('strategist')}` },
  });
  expect(reply.status).toBe(200);
  const path = join(directory, `${itemId}-${Date.now()}.zip`);
  writeFileSync(path, new Uint8Array(await reply.arrayBuffer()));
  return path;
}

describe('a checkpoint', () => {
  it('has the heads that changed, once, and is told to subscribers with its transaction', async () => {
    const itemId = await api.start();
    const checkpoint = await record();
    expect(checkpoint).toMatchObject({ seq: 1, prevHash: GENESIS_HASH, keyId: first.id });
    expect(await record()).toBeNull();
    const { json: one } = await api.as('strategist', 'GET', '/v1/audit/checkpoints/1');
    const { seq, headHash } = await rowOf(itemId);
    expect(one.heads).toContain(`${itemId} ${seq} ${headHash}\n`);
    expect(one.heads).toMatch(/^acts \d+ [0-9a-f]{64}\n/);
    const told = await api.database.db
      .select()
      .from(outbox)
      .where(eq(outbox.type, 'audit.checkpoint_recorded'));
    expect(told).toHaveLength(1);
    const [body] = told.map((event) => bodyOf(event, { item: null, endpoint: null }));
    const { data } = bodySchemaOf('audit.checkpoint_recorded').parse(JSON.parse(body ?? ''));
    expect(data).toMatchObject({ ...checkpoint });
  });

  it('lists only what has changed since, also where ten record at once', async () => {
    const itemId = await api.start();
    const recorded = await Promise.all(Array.from({ length: 10 }, () => record(second)));
    const [checkpoint, ...others] = recorded.filter((one) => one !== null);
    expect(others).toEqual([]);
    expect(checkpoint).toMatchObject({ headCount: 1, keyId: second.id });
    const { json } = await api.as('strategist', 'GET', `/v1/audit/checkpoints/${checkpoint?.seq}`);
    expect(json.heads).toMatch(new RegExp(`^${itemId} \\d+ [0-9a-f]{64}\\n$`));
  });

  it('is read page by page with every key that signed, by the admin alone', async () => {
    const page = await api.as('strategist', 'GET', '/v1/audit/checkpoints?limit=1');
    expect(page.json.items).toMatchObject([{ seq: 1 }]);
    const next = `/v1/audit/checkpoints?limit=1&cursor=${page.json.nextCursor}`;
    expect((await api.as('strategist', 'GET', next)).json.items).toMatchObject([{ seq: 2 }]);
    const keys = await api.as('strategist', 'GET', '/v1/audit/checkpoints/keys');
    expect(keys.json.items).toEqual([
      { keyId: first.id, publicKey: first.publicKey, fromSeq: 1 },
      { keyId: second.id, publicKey: second.publicKey, fromSeq: 2 },
    ]);
    for (const path of ['', '/keys', '/1']) {
      const reply = await api.as('creator', 'GET', `/v1/audit/checkpoints${path}`);
      expect(reply.status, path).toBe(403);
    }
    const other = await makeWorkspace(api.database.db);
    const key = other.members.find(({ role }) => role === 'strategist')?.key ?? '';
    expect((await api.call(key, 'GET', '/v1/audit/checkpoints')).json.items).toEqual([]);
    expect((await api.call(key, 'GET', '/v1/audit/checkpoints/1')).status).toBe(404);
    expect((await api.as('strategist', 'GET', '/v1/audit/checkpoints/0')).status).toBe(400);
    expect((await api.as('strategist', 'GET', '/v1/audit/checkpoints/99')).status).toBe(404);
  });

  it('is never changed or removed in the table', async () => {
    const { db } = api.database;
    await expect(db.execute(sql`update checkpoints set hash = ''`)).rejects.toThrow();
    await expect(db.execute(sql`delete from checkpoints`)).rejects.toThrow();
  });
});

describe('verify-audit with checkpoints', () => {
  it('agrees with a pack of a chain that nobody touched', async () => {
    const itemId = await api.start();
    await record();
    const { faults, facts } = await verifyEvidence({
      pack: await packFile(itemId),
      ...(await filesOf('whole')),
    });
    expect(faults).toEqual([]);
    expect(facts.join()).toContain('are about this pack');
  });

  it('finds a chain that was rewritten in the database, consistent in itself', async () => {
    const itemId = await api.start();
    await record();
    const files = await filesOf('rewritten');
    await rewrite(itemId);
    const pack = await packFile(itemId);
    const { seq } = await rowOf(itemId);
    // Only the chain was rewritten: what the pack says of its cause tells of that, too.
    const { faults } = await verifyEvidence({ pack, ...files });
    expect(faults).toContainEqual({
      file: 'events.jsonl',
      row: seq,
      field: 'hash',
      message: expect.stringMatching(/^checkpoint \d+ of .* saw another hash/),
    });
    // The next checkpoint tells the new head; the earlier one still stands against it.
    await record();
    const later = await verifyEvidence({ pack, ...(await filesOf('rewritten')) });
    expect(later.faults.some(({ message }) => message.includes('saw another hash'))).toBe(true);
  });

  it('refuses a checkpoint that was changed, is missing in between, or is of an unknown key', async () => {
    const pack = await packFile(await api.start());
    await record();
    const { checkpoints, keys } = await filesOf('forged');
    const names = readdirSync(checkpoints).sort();
    const [name = ''] = names;
    const path = join(checkpoints, name);
    const text = readFileSync(path, 'utf8');
    const verify = async () => (await verifyEvidence({ pack, checkpoints, keys })).faults[0];
    const change = (edit: (file: Record<string, unknown>) => object) =>
      writeFileSync(
        path,
        `${JSON.stringify({ ...JSON.parse(text), ...edit(JSON.parse(text)) })}\n`,
      );
    expect(await verify()).toBeUndefined();
    change(({ heads }) => ({ heads: `${heads}itm_x 1 ${'0'.repeat(64)}\n` }));
    expect(await verify()).toMatchObject({ field: 'heads' });
    change(() => ({ at: '2020-01-01T00:00:00.000Z' }));
    expect(await verify()).toMatchObject({ field: 'signature' });
    change(() => ({ keyId: '0'.repeat(16) }));
    expect(await verify()).toMatchObject({ field: 'keyId' });
    writeFileSync(path, 'no checkpoint\n');
    expect(await verify()).toMatchObject({ row: 1, message: 'is no checkpoint' });
    writeFileSync(path, text);
    const [, another = ''] = names;
    writeFileSync(join(checkpoints, 'again.json'), readFileSync(join(checkpoints, another)));
    expect(await verify()).toMatchObject({ field: 'seq' });
    rmSync(join(checkpoints, 'again.json'));
    rmSync(join(checkpoints, another));
    expect(await verify()).toMatchObject({ field: 'seq', message: 'checkpoint 2 is missing' });
  });
});

describe('the files of checkpoints', () => {
  it('are all written, however long the folder was away', async () => {
    const { workspaceId } = api.workspace;
    const { checkpoints } = await filesOf('away');
    const before = readdirSync(checkpoints).length;
    await api.database.db.execute(sql`
      insert into checkpoints
      select more.* from generate_series(1, 100) n,
        (select * from checkpoints where workspace_id = ${workspaceId}
          order by seq desc limit 1) c,
        jsonb_populate_record(null::checkpoints, to_jsonb(c) || jsonb_build_object('seq', c.seq + n)) more`);
    await filesOf('away');
    expect(readdirSync(checkpoints)).toHaveLength(before + 100);
  });
});

async function rowOf(itemId: string) {
  const [row] = await api.database.db.select().from(items).where(eq(items.id, itemId));
  if (row === undefined) throw new Error(`${itemId} has no row`);
  return row;
}

/** Whoever owns the database changes an event and chains everything anew. */
async function rewrite(itemId: string): Promise<void> {
  await inTransaction(api.database.db, async (tx) => {
    await tx.execute(sql`set local session_replication_role = replica`);
    const chain = await tx
      .select()
      .from(itemEvents)
      .where(eq(itemEvents.itemId, itemId))
      .orderBy(itemEvents.seq);
    let head = { seq: 0, hash: GENESIS_HASH };
    for (const { at, actor, type, data, seq } of chain) {
      const forged = seq === chain.length ? { ...data, forged: true } : data;
      const [event] = chainEvents(head, [{ type, data: forged }], { at, actor });
      if (event === undefined) throw new Error('a record makes an event');
      head = { seq: event.seq, hash: event.hash };
      await tx
        .update(itemEvents)
        .set({ data: event.data, hash: event.hash, prevHash: event.prevHash })
        .where(sql`${itemEvents.itemId} = ${itemId} and ${itemEvents.seq} = ${seq}`);
    }
    await tx.update(items).set({ headHash: head.hash }).where(eq(items.id, itemId));
  });
}
