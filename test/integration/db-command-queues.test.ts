import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  firstInLine,
  joinQueues,
  leaveQueue,
  listDueQueues,
  postponeQueue,
  type QueueTurn,
  recordCommandError,
  takeTurns,
} from '../../src/db/item/command-queues.ts';
import { storeRefusal, takeFence } from '../../src/db/item/commands.ts';
import {
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

const LEASE_MS = 60_000;

/** Items with a command in the queue of each. */
async function queues(of: TestWorkspace, count: number): Promise<string[]> {
  const { db } = database;
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { id } = await makeItem(db, of);
    const command = await makeCommand(db, of, id);
    await joinQueues(db, { workspaceId: of.workspaceId, commandIds: [command.id] });
    ids.push(id);
  }
  return ids;
}

function take(itemId: string, againAfterMs?: number): Promise<QueueTurn[]> {
  const { workspaceId } = workspace;
  const again = againAfterMs === undefined ? {} : { againAfterMs };
  return takeTurns(database.db, { workspaceId, itemIds: [itemId], leaseMs: LEASE_MS, ...again });
}

async function turnOf(itemId: string): Promise<QueueTurn> {
  const [turn] = await take(itemId);
  if (turn === undefined) throw new Error('the turn was not to be had');
  return turn;
}

async function fail(itemId: string, turn: number, failures: number): Promise<void> {
  const { db } = database;
  const { workspaceId } = workspace;
  const row = await firstInLine(db, { workspaceId, itemId });
  const key = { workspaceId, id: row?.id ?? '' };
  const attempt = (await takeFence(db, key)) ?? 0;
  const queue = { turn, failures, isSilent: failures >= 3, pauseMs: LEASE_MS };
  await recordCommandError(db, { ...key, attempt, error: 'no answer', queue });
}

async function settleFirst(itemId: string): Promise<void> {
  const { db } = database;
  const { workspaceId } = workspace;
  const row = await firstInLine(db, { workspaceId, itemId });
  const key = { workspaceId, id: row?.id ?? '' };
  const attempt = (await takeFence(db, key)) ?? 0;
  await storeRefusal(db, { ...key, attempt, unmet: [] });
}

async function rowOf(itemId: string) {
  const { rows } = await database.db.execute(
    sql`select turn, failures, is_silent from command_queues where item_id = ${itemId}`,
  );
  return rows[0];
}

async function due(wanted: { lively?: number; silent?: number; perWorkspace?: number } = {}) {
  const all = { lively: 1_000, silent: 1_000, perWorkspace: 1_000, ...wanted };
  return (await listDueQueues(database.db, all)).map(({ itemId }) => itemId);
}

describe('the list of queues that are due', () => {
  it('has the first of each workspace before the second of any, and of each so many', async () => {
    const crowded = await queues(workspace, 6);
    const lonely = await makeWorkspace(database.db);
    const [last = ''] = await queues(lonely, 1);
    const listed = (await due()).filter((id) => id === last || crowded.includes(id));
    expect(listed.slice(0, 2)).toEqual([crowded[0], last]);
    expect(listed).toHaveLength(7);
    const few = await due({ perWorkspace: 2 });
    expect(few.filter((id) => crowded.includes(id))).toEqual(crowded.slice(0, 2));
    expect(few).toContain(last);
    expect(await due({ lively: 2 })).toContain(last);
  });

  it('keeps runs that have been silent apart from those that may answer', async () => {
    const [lively = '', silent = ''] = await queues(workspace, 2);
    await fail(silent, (await turnOf(silent)).turn, 3);
    await database.db.execute(
      sql`update command_queues set next_attempt_at = now() where item_id = ${silent}`,
    );
    expect(await due({ silent: 0 })).toContain(lively);
    expect(await due({ silent: 0 })).not.toContain(silent);
    expect(await due({ lively: 0 })).toEqual([silent]);
  });
});

describe('the turn of a queue', () => {
  it('is given to one of many, and to nobody before it ends', async () => {
    const [itemId = ''] = await queues(workspace, 1);
    const taken = await Promise.all(Array.from({ length: 12 }, () => take(itemId)));
    expect(taken.flat()).toMatchObject([{ itemId, turn: 1, failures: 0 }]);
    expect(await due()).not.toContain(itemId);
    expect(await take(itemId, LEASE_MS)).toEqual([]);
  });

  it('is given early to who asks for a person, once per pause', async () => {
    const [itemId = ''] = await queues(workspace, 1);
    await fail(itemId, (await turnOf(itemId)).turn, 1);
    expect(await take(itemId)).toEqual([]);
    await database.db.execute(sql`update command_queues
      set attempted_at = now() - interval '20 seconds' where item_id = ${itemId}`);
    const taken = await Promise.all(Array.from({ length: 6 }, () => take(itemId, 15_000)));
    expect(taken.flat()).toHaveLength(1);
  });

  it('given back after the last command removes the queue, else the next one is due', async () => {
    const { db } = database;
    const { workspaceId } = workspace;
    const [itemId = ''] = await queues(workspace, 1);
    const second = await makeCommand(db, workspace, itemId);
    await joinQueues(db, { workspaceId, commandIds: [second.id] });
    await fail(itemId, (await turnOf(itemId)).turn, 3);
    await database.db.execute(
      sql`update command_queues set next_attempt_at = now() where item_id = ${itemId}`,
    );
    const turn = await turnOf(itemId);
    await settleFirst(itemId);
    await leaveQueue(db, turn);
    expect(await rowOf(itemId)).toMatchObject({ failures: 0, is_silent: false });
    const last = await turnOf(itemId);
    expect((await firstInLine(db, { workspaceId, itemId }))?.id).toBe(second.id);
    await settleFirst(itemId);
    await leaveQueue(db, turn);
    expect(await rowOf(itemId), 'an earlier turn gives nothing back').toBeDefined();
    await leaveQueue(db, last);
    expect(await rowOf(itemId)).toBeUndefined();
  });

  it('can be put off, by who has it', async () => {
    const [itemId = ''] = await queues(workspace, 1);
    const turn = await turnOf(itemId);
    await postponeQueue(database.db, { ...turn, turn: 0 }, { pauseMs: 0 });
    expect(await due()).not.toContain(itemId);
    await postponeQueue(database.db, turn, { pauseMs: 0 });
    expect(await due()).toContain(itemId);
  });

  it('is not touched by a sender of one command only, whose failure makes it join', async () => {
    const [itemId = ''] = await queues(workspace, 1);
    const turn = await turnOf(itemId);
    await fail(itemId, 0, 1);
    expect(await rowOf(itemId)).toMatchObject({ turn: turn.turn, failures: 0 });
  });

  it('loses nobody who joins while the empty queue is removed', async () => {
    const { db } = database;
    const { workspaceId } = workspace;
    const { id: itemId } = await makeItem(db, workspace);
    let command = await makeCommand(db, workspace, itemId);
    await joinQueues(db, { workspaceId, commandIds: [command.id] });
    for (let round = 0; round < 20; round += 1) {
      await database.db.execute(
        sql`update command_queues set next_attempt_at = now() where item_id = ${itemId}`,
      );
      const turn = await turnOf(itemId);
      await settleFirst(itemId);
      const joined = makeCommand(db, workspace, itemId).then(async (made) => {
        await joinQueues(db, { workspaceId, commandIds: [made.id] });
        return made;
      });
      [command] = await Promise.all([joined, leaveQueue(db, turn)]);
      expect(await rowOf(itemId), `round ${round}: ${command.id}`).toBeDefined();
    }
  });
});
