import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findInTables, type TableCode } from '../../src/db/audit/findings.ts';
import { dbOver } from '../../src/db/client.ts';
import { ChainConflict } from '../../src/db/errors.ts';
import { getCommand, storeRefusal, takeFence } from '../../src/db/item/commands.ts';
import { findEventsOfCommand, readChain } from '../../src/db/item/item-events.ts';
import { getItem } from '../../src/db/item/items.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import type { ProjectionBatch } from '../../src/db/item/projection-batch.ts';
import { outbox, publications } from '../../src/db/schema/index.ts';
import { chainEvents, type ItemEvent, verifyChain } from '../../src/domain/item/event.ts';
import {
  firstRow,
  makeChain,
  makeCommand,
  makeItem,
  makeWorkspace,
  openTestDb,
  type TestWorkspace,
} from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: TestWorkspace;
beforeAll(async () => {
  database = await openTestDb(6);
  workspace = await makeWorkspace(database.db);
});
afterAll(() => database.close());

/** Sessions of this database that wait for a row lock. */
async function waitingSessions(): Promise<number> {
  const { rows } = await database.db.execute<{ count: number }>(
    sql`select count(*)::integer as count from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows[0]?.count ?? 0;
}

/** An item of the test's own and a way to project parts of its chain. */
/** What the audit finds of an item a minute later. */
function findings(code: TableCode, itemId: string) {
  const now = new Date(Date.now() + 60_000).toISOString();
  const question = { workspaceId: workspace.workspaceId, itemId, codes: [code], limit: 10, now };
  return findInTables(database.db, question);
}

async function makeRun(chain: ItemEvent[]) {
  const item = await makeItem(database.db, workspace);
  const key = { workspaceId: workspace.workspaceId, itemId: item.id };
  return {
    ...key,
    key,
    project(from: number, to: number, more: Partial<ProjectionBatch> = {}) {
      const row = { ...firstRow(workspace, item.id, to), title: `after ${to}` };
      const events = chain.slice(from - 1, to);
      return projectEvents(database.db, { ...key, events, item: row, ...more });
    },
    row: () => getItem(database.db, key),
  };
}

describe('projectEvents', () => {
  it('stores events, row, verdict and outbox together, and the same batch again changes nothing', async () => {
    const chain = makeChain(3);
    const run = await makeRun(chain);
    const command = await makeCommand(database.db, workspace, run.itemId);
    const batch = {
      command: { id: command.id, seq: 3, answer: { seq: 3, stage: 'briefing' } },
      outbox: [
        { seq: 2, type: 'handoff.offered', payload: { n: 1 } },
        { seq: 2, type: 'approval.requested', payload: { n: 2 } },
      ],
    };
    const first = await run.project(1, 3, batch);
    expect(first).toMatchObject({ seq: 3, recorded: [1, 2, 3], missing: [], contradiction: false });
    expect(first.verdict).toMatchObject({ state: 'applied', answer: { seq: 3 }, seq: 3 });
    expect(await run.row()).toMatchObject({ seq: 3, title: 'after 3', headHash: chain[2]?.hash });

    const again = await run.project(1, 3, batch);
    expect(again).toEqual({ ...first, recorded: [] });
    const stored = await readChain(database.db, run.key);
    expect(stored.map(({ commandId: _, ...event }) => event)).toEqual(chain);
    expect(verifyChain(stored)).toBeNull();
    const rows = await database.db.select().from(outbox).where(eq(outbox.itemId, run.itemId));
    expect(rows.map(({ type }) => type)).toEqual(['handoff.offered', 'approval.requested']);
    expect(rows.every(({ id }) => /^[A-Za-z0-9_-]{1,64}$/.test(id))).toBe(true);
  });

  it('finds the event of a command by its id', async () => {
    const chain = makeChain(1, { commandId: `http:key_x:${crypto.randomUUID()}` });
    const run = await makeRun(chain);
    await run.project(1, 1);
    const commandId = String(chain[0]?.data['commandId']);
    const { workspaceId } = workspace;
    const found = await findEventsOfCommand(database.db, { workspaceId, commandId });
    expect(found.map(({ seq }) => seq)).toEqual([1]);
    const foreign = { workspaceId: 'wsp_other', commandId };
    expect(await findEventsOfCommand(database.db, foreign)).toEqual([]);
  });

  it('moves the row only forward, and lets a gap heal', async () => {
    const run = await makeRun(makeChain(5));
    expect(await run.project(1, 1)).toMatchObject({ seq: 1, missing: [] });
    expect(await run.project(4, 5)).toMatchObject({ seq: 5, recorded: [4, 5], missing: [3] });
    expect(await findings('event_gap', run.itemId)).toMatchObject([
      { evidence: { lastSeq: 5, stored: 3, firstMissing: 2 } },
    ]);

    expect(await run.project(2, 3)).toMatchObject({ seq: 5, recorded: [2, 3], missing: [] });
    expect(await run.row()).toMatchObject({ seq: 5, title: 'after 5' });
    expect(await findings('event_gap', run.itemId)).toEqual([]);
  });

  it('is stopped by no time that cannot be read: the row moves, and a title stays masked', async () => {
    const at = '2026-03-05T08:00:00.000Z';
    const record = { channelAccountId: 'cha_1', channel: 'sandbox', slotNumber: 1 };
    const planned = { ...record, state: 'planned', local: '', zone: 'UTC' };
    const cases: [unknown, string | null][] = [
      ['2026-03-04T08:00:00.000Z', '2026-03-04T08:00:00.000Z'],
      [null, null],
      ['soon', '2999-12-31T23:59:59.000Z'],
      ['infinity', '2999-12-31T23:59:59.000Z'],
      ['2026-02-30T08:00:00Z', '2999-12-31T23:59:59.000Z'],
      ['', '2999-12-31T23:59:59.000Z'],
      [{ until: 1 }, '2999-12-31T23:59:59.000Z'],
    ];
    for (const [embargoUntil, shown] of cases) {
      const run = await makeRun(makeChain(1));
      const good = { ...planned, id: `pub_${run.itemId}`, at };
      const bad = { ...planned, id: `pub_bad_${run.itemId}`, at: 'tomorrow', publishedAt: 'x' };
      const row = firstRow(workspace, run.itemId, 1);
      const context = { ...row.snapshot.context, brief: { embargoUntil } };
      const snapshot = { ...row.snapshot, context: { ...context, publications: [good, bad] } };
      // Whatever a run of another version has written: the types do not know it.
      const item = { ...row, snapshot: snapshot as unknown as typeof row.snapshot };
      const projected = await run.project(1, 1, { item });
      expect([embargoUntil, projected.seq]).toEqual([embargoUntil, 1]);
      const rows = await database.db
        .select()
        .from(publications)
        .where(eq(publications.itemId, run.itemId));
      expect(rows).toMatchObject([{ id: good.id, at, embargoUntil: shown }]);
    }
  });

  it('takes a batch whose later events were recorded without the row', async () => {
    const chain = makeChain(3);
    const run = await makeRun(chain);
    await projectEvents(database.db, { ...run.key, events: chain.slice(1, 2) });
    expect(await run.row()).toMatchObject({ seq: 0 });
    expect(await run.project(1, 3)).toMatchObject({ seq: 3, recorded: [1, 3], missing: [] });
    expect(verifyChain(await readChain(database.db, run.key))).toBeNull();
  });

  it('refuses another event under a stored seq, and keeps nothing of that batch', async () => {
    const run = await makeRun(makeChain(3));
    await run.project(1, 2);
    const forged = makeChain(3, { forged: true });
    const conflict = run.project(1, 3, { events: forged });
    await expect(conflict).rejects.toBeInstanceOf(ChainConflict);
    await expect(conflict).rejects.toMatchObject({ code: 'chain_conflict', seq: 1 });
    expect(await readChain(database.db, run.key)).toHaveLength(2);
    expect(await run.row()).toMatchObject({ seq: 2 });
  });

  it('refuses another last event that follows the same one', async () => {
    const chain = makeChain(2);
    const run = await makeRun(chain);
    await run.project(1, 2);
    const { seq, hash } = chain[0] ?? { seq: 0, hash: '' };
    const other = chainEvents({ seq, hash }, [{ type: 'item.held', data: {} }], {
      at: '2026-03-02T08:00:00.123Z',
      actor: 'system',
    });
    const conflict = run.project(2, 2, { events: other });
    await expect(conflict).rejects.toMatchObject({ code: 'chain_conflict', seq: 2 });
  });

  it('stores one of two chains that are projected at once, and refuses the other', async () => {
    for (let round = 0; round < 10; round += 1) {
      const chains = [makeChain(3), makeChain(3, { forged: true })];
      const run = await makeRun(makeChain(3));
      const settled = await Promise.allSettled(
        chains.map((events) => run.project(1, 3, { events })),
      );
      expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const stored = await readChain(database.db, run.key);
      expect(verifyChain(stored)).toBeNull();
      expect((await run.row())?.headHash).toBe(stored.at(-1)?.hash);
    }
  });

  it('refuses an event that does not follow its neighbour, on either side', async () => {
    const chain = makeChain(4);
    const forged = makeChain(4, { forged: true });
    const after = await makeRun(chain);
    await after.project(1, 2);
    await expect(after.project(3, 3, { events: forged.slice(2, 3) })).rejects.toMatchObject({
      code: 'chain_conflict',
      seq: 2,
    });
    const before = await makeRun(chain);
    await before.project(3, 4);
    await expect(before.project(2, 2, { events: forged.slice(1, 2) })).rejects.toMatchObject({
      code: 'chain_conflict',
      seq: 2,
    });
    const genesis = await makeRun(chain);
    const orphan = chain.slice(0, 1).map((event) => ({ ...event, prevHash: 'f'.repeat(64) }));
    await expect(genesis.project(1, 1, { events: orphan })).rejects.toMatchObject({ seq: 0 });
  });

  it('refuses a row whose last event is missing, and an item without a row', async () => {
    const chain = makeChain(3);
    const run = await makeRun(chain);
    const short = run.project(1, 3, { events: chain.slice(0, 2) });
    await expect(short).rejects.toMatchObject({ code: 'batch_incomplete' });
    const foreign = { workspaceId: 'wsp_other', itemId: run.itemId, events: chain };
    await expect(projectEvents(database.db, foreign)).rejects.toMatchObject({
      code: 'item_row_missing',
    });
  });

  it('gives one chain and the newest row when many project overlapping parts at once', async () => {
    const chain = makeChain(12);
    const run = await makeRun(chain);
    const parts = [
      [1, 4],
      [3, 6],
      [1, 12],
      [5, 5],
      [7, 9],
      [2, 10],
      [11, 12],
      [1, 1],
    ];
    const projected = await Promise.all(parts.map(([from = 1, to = 1]) => run.project(from, to)));
    const recorded = projected.flatMap((projection) => projection.recorded);
    expect(recorded.sort((a, b) => a - b)).toEqual(chain.map(({ seq }) => seq));
    expect(verifyChain(await readChain(database.db, run.key))).toBeNull();
    expect(await run.row()).toMatchObject({ seq: 12, title: 'after 12' });
  });

  it('settles a command once when it is projected many times at once', async () => {
    const run = await makeRun(makeChain(2));
    const { id } = await makeCommand(database.db, workspace, run.itemId);
    const projected = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        run.project(1, 2, { command: { id, seq: 2, answer: { index } } }),
      ),
    );
    const verdicts = new Set(projected.map(({ verdict }) => JSON.stringify(verdict)));
    expect(verdicts.size).toBe(1);
    expect(projected.some(({ contradiction }) => contradiction)).toBe(false);
  });

  it('waits for a refusal that is being stored, and then keeps it', async () => {
    const run = await makeRun(makeChain(1));
    const key = await makeCommand(database.db, workspace, run.itemId);
    const attempt = (await takeFence(database.db, key)) ?? 0;
    const held = await database.pool.connect();
    try {
      await held.query('begin');
      const refusal = await storeRefusal(dbOver(held), { ...key, attempt, unmet: [] });
      const projecting = run.project(1, 1, { command: { id: key.id, seq: 1, answer: {} } });
      await expect.poll(waitingSessions).toBe(1);
      await held.query('commit');
      const projected = await projecting;
      expect(projected).toMatchObject({ recorded: [1], contradiction: true });
      expect(projected.verdict).toEqual(refusal);
    } finally {
      held.release();
    }
  });

  it('keeps what the run did, and the standing refusal, when the two contradict each other', async () => {
    const run = await makeRun(makeChain(1));
    const key = await makeCommand(database.db, workspace, run.itemId);
    const attempt = (await takeFence(database.db, key)) ?? 0;
    const unmet = [{ code: 'reason_given' as const, message: 'a reason is required' }];
    const refusal = await storeRefusal(database.db, { ...key, attempt, unmet });
    const projected = await run.project(1, 1, { command: { id: key.id, seq: 1, answer: {} } });
    expect(projected).toMatchObject({ seq: 1, recorded: [1], contradiction: true });
    expect(projected.verdict).toEqual(refusal);
    expect(await findings('command_without_verdict', run.itemId)).toMatchObject([
      { evidence: { commandId: key.id, state: 'refused', appliedSeq: 1 } },
    ]);
    expect(await getCommand(database.db, key)).toMatchObject({ state: 'refused', appliedSeq: 1 });
  });

  it('records events although the row of their command is gone', async () => {
    const run = await makeRun(makeChain(1));
    const command = { id: 'http:key_lost:1', seq: 1, answer: {} };
    const projected = await run.project(1, 1, { command });
    expect(projected).toMatchObject({ recorded: [1], verdict: null, contradiction: false });
  });
});

describe('the outbox', () => {
  it('is not filled again by a batch whose events were told', async () => {
    const run = await makeRun(makeChain(2));
    const tell = { outbox: [{ seq: 2, type: 'item.stage_changed', payload: {} }] };
    await run.project(1, 2, tell);
    const own = eq(outbox.itemId, run.itemId);
    expect(await database.db.delete(outbox).where(own).returning()).toMatchObject([{ seq: 2 }]);
    await run.project(1, 2, tell);
    await run.project(2, 2, tell);
    expect(await database.db.select().from(outbox).where(own)).toEqual([]);
  });
});
