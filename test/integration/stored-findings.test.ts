import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  beginLook,
  closeFindings,
  type Look,
  listFindings,
  openFindings,
  type SeenFinding,
} from '../../src/db/audit/stored-findings.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { makeWorkspace, type OpenTestDb, openTestDb } from '../support/db-fixture.ts';

let database: OpenTestDb;
beforeAll(async () => {
  database = await openTestDb();
});
afterAll(() => database?.close());

const SEEN: SeenFinding = {
  id: 'fnd_00000000000000000000000001',
  code: 'token_expiring',
  severity: 'warning',
  rank: 1,
  itemId: null,
  since: '2026-03-02T08:00:00.000Z',
  waitingOn: [],
  evidence: { plannedAfter: 1 },
};

/** Minutes after eight. */
const at = (minute: number) => new Date(Date.UTC(2026, 2, 2, 8, minute)).toISOString();

async function newWatch() {
  const { db } = database;
  const { workspaceId } = await makeWorkspace(db);
  return {
    look: (minute: number, change: Partial<Look> = {}) =>
      inTransaction(db, async (tx) => {
        const look = {
          workspaceId,
          lookedAt: at(minute),
          seen: [],
          couldNotAsk: [],
          pressing: {},
          unknown: [],
          ...change,
        };
        if (!(await beginLook(tx, look))) return null;
        const opened = await openFindings(tx, look);
        const closed = await closeFindings(tx, look);
        return { opened: opened.length, closed: closed.length };
      }),
    history: async () => (await listFindings(db, { workspaceId })).items,
    workspaceId,
  };
}

describe('what the looks of a watch store', () => {
  it('is opened once, kept up to date, and closed when two looks in a row do not see it', async () => {
    const { look, history } = await newWatch();
    expect(await look(0, { seen: [SEEN] })).toEqual({ opened: 1, closed: 0 });
    const changed = { ...SEEN, evidence: { plannedAfter: 2 } };
    expect(await look(1, { seen: [changed] })).toEqual({ opened: 0, closed: 0 });
    expect(await history()).toMatchObject([
      { openedAt: at(0), lastSeenAt: at(1), evidence: { plannedAfter: 2 }, closedAt: null },
    ]);
    expect(await look(2)).toEqual({ opened: 0, closed: 0 });
    expect(await history()).toMatchObject([{ lastSeenAt: at(1), missedAt: at(2), closedAt: null }]);
    expect(await look(3)).toEqual({ opened: 0, closed: 1 });
    expect(await look(4)).toEqual({ opened: 0, closed: 0 });
    expect(await history()).toMatchObject([{ closedAt: at(3), closedBecause: 'gone' }]);
  });

  it('does not change with what comes and goes at every other look', async () => {
    const { look, history } = await newWatch();
    let changes = 0;
    for (let minute = 0; minute < 20; minute += 1) {
      const answer = await look(minute, { seen: minute % 2 === 0 ? [SEEN] : [] });
      changes += (answer?.opened ?? 0) + (answer?.closed ?? 0);
    }
    expect(changes).toBe(1);
    expect(await history()).toHaveLength(1);
  });

  it('is another one when it is found again later', async () => {
    const { look, history } = await newWatch();
    await look(0, { seen: [SEEN] });
    await look(1);
    await look(2);
    expect(await look(3, { seen: [SEEN] })).toEqual({ opened: 1, closed: 0 });
    expect(await history()).toMatchObject([
      { openedAt: at(3), closedAt: null },
      { openedAt: at(0), closedAt: at(2) },
    ]);
  });

  it('stays open while nobody could find out whether it is gone', async () => {
    const { look, history } = await newWatch();
    await look(0, { seen: [SEEN] });
    for (const minute of [1, 2, 3]) await look(minute, { unknown: [SEEN.id] });
    expect(await history()).toMatchObject([{ missedAt: null, closedAt: null }]);
  });

  it('is not doubled by looks at once, and not undone by one that began earlier', async () => {
    const { look, history } = await newWatch();
    const answers = await Promise.all([1, 1, 1, 2].map((minute) => look(minute, { seen: [SEEN] })));
    expect(answers.reduce((sum, answer) => sum + (answer?.opened ?? 0), 0)).toBe(1);
    expect(await look(0)).toBeNull();
    expect(await look(2)).toBeNull();
    expect(await history()).toMatchObject([{ missedAt: null, closedAt: null }]);
  });

  it('is read by what became of it, its code and its item, page by page', async () => {
    const { look, workspaceId } = await newWatch();
    const { db } = database;
    const other: SeenFinding = { ...SEEN, id: `${SEEN.id.slice(0, -1)}2`, code: 'overdue' };
    await look(0, { seen: [SEEN, other] });
    await look(1, { seen: [other] });
    await look(2, { seen: [other] });
    const read = async (filter: Partial<Parameters<typeof listFindings>[1]>) =>
      (await listFindings(db, { workspaceId, ...filter })).items.map(({ code }) => code);
    expect(await read({ open: true })).toEqual(['overdue']);
    expect(await read({ open: false })).toEqual(['token_expiring']);
    expect(await read({ code: 'token_expiring' })).toEqual(['token_expiring']);
    expect(await read({ itemId: 'itm_none' })).toEqual([]);
    const { items, nextCursor } = await listFindings(db, { workspaceId, limit: 1 });
    const next = await listFindings(db, { workspaceId, limit: 1, cursor: nextCursor ?? '' });
    expect([...items, ...next.items].map(({ id }) => id).toSorted()).toEqual([SEEN.id, other.id]);
    expect(next.nextCursor).toBeNull();
  });
});
