import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Audit, createAudit } from '../../src/audit/audit.ts';
import { items } from '../../src/db/schema/index.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import type { Finding } from '../../src/domain/audit/finding.ts';
import type { AuditRepair, FindingCode } from '../../src/domain/audit/finding-catalogue.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { verifyChain } from '../../src/domain/item/event.ts';
import { makeBrief } from '../support/content.ts';
import { eventually } from '../support/eventually.ts';
import { type ItemEngine, newCommandId, openItemEngine } from '../support/item-engine.ts';
import { HOUR_MS, toMeasuring, toOffered, toScheduled } from '../support/item-story.ts';

let engine: ItemEngine;
let audit: Audit;
beforeAll(async () => {
  engine = await openItemEngine({
    sendTiming: { leaseMs: 3_000, settleMs: 500, leasePollMs: 200 },
  });
  audit = createAudit(engine.deps);
});
afterAll(() => engine?.close());

const now = () => new Date().toISOString();
const admin = () => ({ ...engine.callerFor('strategist'), roles: ['admin' as const] });

async function find(code: FindingCode, itemId: string): Promise<Finding | null> {
  const { workspaceId } = engine.workspace;
  const { items: found } = await audit.stuck({
    workspaceId,
    now: now(),
    limit: 200,
    filters: { code },
  });
  const workflowId = itemWorkflowId(itemId);
  return (
    found.find((one) => one.itemId === itemId || one.evidence['workflowId'] === workflowId) ?? null
  );
}

async function repair(
  code: FindingCode,
  itemId: string,
  repair: AuditRepair,
  { dryRun = false } = {},
) {
  const found = await eventually(() => find(code, itemId), { what: `${code} of ${itemId}` });
  const order = { repair, reason: 'the backup was old', now: now(), dryRun };
  return audit.repair({ caller: admin(), findingId: found.id, ...order });
}

/** What a database looks like that was put back to before the item was started. */
async function forget(itemId: string): Promise<void> {
  await inTransaction(engine.deps.db, async (tx) => {
    await tx.execute(sql`set local session_replication_role = replica`);
    const { rows } = await tx.execute<{ name: string }>(sql`
      select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        and a.attname = 'item_id' and not a.attisdropped`);
    for (const { name } of rows) {
      await tx.execute(sql`delete from ${sql.identifier(name)} where item_id = ${itemId}`);
    }
    await tx.execute(sql`delete from items where id = ${itemId}`);
  });
}

describe('an item that the tables do not know', () => {
  it('comes back with its chain and its commands; what is lost is named', async () => {
    const itemId = await engine.start({ brief: makeBrief() });
    await toOffered(engine, itemId);
    const commandId = newCommandId();
    const hold = { reason: 'an embargo' };
    await engine.apply('strategist', itemId, 'hold', hold, { commandId });
    const [chain, row] = [await engine.chain(itemId), await engine.item(itemId)];
    const answer = (await engine.command(commandId)).answer;
    await forget(itemId);
    const dry = await repair('run_without_row', itemId, 'rebuild_row', { dryRun: true });
    expect(dry).toMatchObject({ outcome: 'would' });
    expect(await engine.chain(itemId)).toEqual([]);
    const done = await repair('run_without_row', itemId, 'rebuild_row');
    expect(done).toMatchObject({
      outcome: 'done',
      stillFound: false,
      result: {
        seq: row.seq,
        lost: { texts: [{ kind: 'brief', version: 1, hash: row.snapshot.context.brief?.hash }] },
      },
    });
    expect(await engine.chain(itemId)).toEqual(chain);
    const { snapshot, seq, headHash, title } = await engine.item(itemId);
    expect({ snapshot, seq, headHash }).toEqual({
      snapshot: row.snapshot,
      seq: row.seq,
      headHash: row.headHash,
    });
    expect(title).toBe('(its title is lost)');
    // The same id gets the same answer, whatever is known of its body.
    const again = await engine.send('strategist', itemId, 'hold', hold, { commandId });
    expect(again).toEqual({ outcome: 'applied', commandId, answer });
    await engine.apply('strategist', itemId, 'resume', { reason: 'over' });
    // The start is known again, too: a new run could be started from it.
    await engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId)).terminate('by hand');
    expect(await repair('row_without_run', itemId, 'replace_run')).toMatchObject({
      outcome: 'done',
    });
    expect(verifyChain(await engine.chain(itemId))).toBeNull();
  });

  it('comes back with its post, which goes out once', async () => {
    const itemId = await engine.start();
    await toMeasuring(engine, itemId);
    const [intent] = await engine.intents(itemId);
    await forget(itemId);
    expect(await repair('run_without_row', itemId, 'rebuild_row')).toMatchObject({
      outcome: 'done',
    });
    const [restored] = await engine.intents(itemId);
    const { intentKey, remoteId, permalink, marker } = intent ?? {};
    expect(restored).toMatchObject({ state: 'published', intentKey, remoteId, permalink, marker });
    expect(engine.posts(itemId)).toHaveLength(1);
  });

  it('is never sent again when it was lost in the middle of a send', async () => {
    const itemId = await engine.start();
    await toScheduled(engine, itemId);
    await engine.sandbox.fault({ mode: 'accept_then_hang', marker: engine.marker(itemId) });
    await engine.travel(itemId, { byMs: HOUR_MS - 5_000 });
    await engine.until(itemId, 'sending', ({ publications: [one] }) => one?.state === 'sending');
    await eventually(() => engine.posts(itemId).length === 1, { what: 'the post is out' });
    await forget(itemId);
    expect(await repair('run_without_row', itemId, 'rebuild_row')).toMatchObject({
      outcome: 'done',
    });
    const { publications } = await engine.until(
      itemId,
      'settled',
      ({ publications: [one] }) => one?.state === 'published' || one?.state === 'unknown',
    );
    expect(publications).toHaveLength(1);
    expect(engine.posts(itemId)).toHaveLength(1);
  });

  it('is no other workspace’s, and stays away while its starter is', async () => {
    const itemId = await engine.start();
    await forget(itemId);
    const found = await eventually(() => find('run_without_row', itemId));
    const foreign = { ...admin(), workspaceId: 'wsp_other' };
    const order = { repair: 'rebuild_row' as const, reason: 'x', now: now() };
    expect(await audit.repair({ caller: foreign, findingId: found.id, ...order })).toEqual({
      outcome: 'unknown',
    });
    const byCreator = engine.callerFor('creator');
    expect(await audit.repair({ caller: byCreator, findingId: found.id, ...order })).toEqual({
      outcome: 'forbidden',
      roles: ['admin'],
    });
    expect(await repair('run_without_row', itemId, 'terminate_run')).toMatchObject({
      outcome: 'done',
    });
  });
});

describe('an item that was closed since the backup', () => {
  it('of the database: its row closes, and no run is started', async () => {
    const itemId = await engine.start();
    const before = await engine.item(itemId);
    await engine.apply('strategist', itemId, 'cancel', { reason: 'no longer needed' });
    const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    await handle.result();
    const { seq } = await engine.item(itemId);
    const { db } = engine.deps;
    await inTransaction(db, async (tx) => {
      await tx.execute(sql`set local session_replication_role = replica`);
      await tx.execute(
        sql`delete from item_events where item_id = ${itemId} and seq > ${before.seq}`,
      );
      await tx.update(items).set(before).where(eq(items.id, itemId));
    });
    const dry = await repair('row_without_run', itemId, 'replace_run', { dryRun: true });
    expect(JSON.stringify(dry)).toContain('the item is closed');
    expect(await repair('row_without_run', itemId, 'replace_run')).toMatchObject({
      outcome: 'done',
      result: { replaced: false, stage: 'cancelled' },
    });
    expect(await engine.item(itemId)).toMatchObject({ seq, stage: 'cancelled' });
  });

  it('of the engine: its run is ended, and its row stays', async () => {
    const itemId = await engine.start();
    const { db } = engine.deps;
    await db.execute(sql`update items set stage = 'cancelled', closed_at = '2020-01-01',
      updated_at = '2020-01-01', snapshot = jsonb_set(jsonb_set(snapshot, '{value}',
        '"cancelled"'), '{context,stage}', '"cancelled"') where id = ${itemId}`);
    const found = await eventually(() => find('run_without_row', itemId));
    expect(found.repairs).toEqual(['terminate_run']);
    expect(await repair('run_without_row', itemId, 'terminate_run')).toMatchObject({
      outcome: 'done',
    });
    expect((await engine.item(itemId)).stage).toBe('cancelled');
  });
});
