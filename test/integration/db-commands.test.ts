import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findInTables } from '../../src/db/audit/findings.ts';
import { recordCommandError } from '../../src/db/item/command-queues.ts';
import {
  type CommandKey,
  getCommand,
  insertCommand,
  listAbandonedCommands,
  readVerdict,
  storeRefusal,
  takeFence,
} from '../../src/db/item/commands.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import {
  makeCommand,
  makeItem,
  makeWorkspace,
  openTestDb,
  type TestWorkspace,
} from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: TestWorkspace;
let itemId: string;
beforeAll(async () => {
  database = await openTestDb(6);
  workspace = await makeWorkspace(database.db);
  itemId = (await makeItem(database.db, workspace)).id;
});
afterAll(() => database.close());

const IN_AN_HOUR = new Date(Date.now() + 3_600_000).toISOString();
const UNMET = [{ code: 'reason_given' as const, message: 'a reason is required' }];

async function fenced(leaseMs?: number): Promise<CommandKey & { attempt: number }> {
  const key = await makeCommand(database.db, workspace, itemId);
  const attempt = await takeFence(database.db, leaseMs === undefined ? key : { ...key, leaseMs });
  if (attempt === null) throw new Error('a new command could not be fenced');
  return { ...key, attempt };
}

/** Waits until a lease that was taken for a few milliseconds is over. */
async function retakeFence(key: CommandKey): Promise<number> {
  return eventually(() => takeFence(database.db, key), { what: 'the end of the lease' });
}

describe('insertCommand', () => {
  it('stores an id once, answers the same again, and tells another body apart', async () => {
    const { db } = database;
    const command = {
      id: `http:key_a:${itemId}`,
      workspaceId: workspace.workspaceId,
      itemId,
      type: 'hold',
      actorId: workspace.memberOf('strategist'),
      source: 'http' as const,
      payload: { refs: {} },
      bodyHash: 'one',
      expiresAt: IN_AN_HOUR,
    };
    const answers = await Promise.all([1, 2, 3, 4].map(() => insertCommand(db, command)));
    expect(answers.filter((answer) => !answer.conflict && answer.inserted)).toHaveLength(1);
    expect(answers.every((answer) => !answer.conflict && answer.row.id === command.id)).toBe(true);
    expect(await insertCommand(db, { ...command, bodyHash: 'two' })).toEqual({ conflict: true });
    const other = await makeWorkspace(db);
    const foreign = {
      ...command,
      workspaceId: other.workspaceId,
      actorId: other.memberOf('strategist'),
    };
    expect(await insertCommand(db, foreign)).toEqual({ conflict: true });
  });
});

describe('the fence', () => {
  it('lets one of many callers through', async () => {
    const key = await makeCommand(database.db, workspace, itemId);
    const taken = await Promise.all(
      Array.from({ length: 12 }, () => takeFence(database.db, { ...key, leaseMs: 60_000 })),
    );
    expect(taken.filter((attempt) => attempt !== null)).toEqual([1]);
    expect(await takeFence(database.db, key)).toBeNull();
  });

  it('can be taken with the insert, by whoever makes the row', async () => {
    const command = {
      id: `http:key_b:${itemId}`,
      workspaceId: workspace.workspaceId,
      itemId,
      type: 'hold',
      actorId: workspace.memberOf('strategist'),
      source: 'http' as const,
      payload: { refs: {} },
      bodyHash: 'one',
      expiresAt: IN_AN_HOUR,
      leaseMs: 60_000,
    };
    const answers = await Promise.all([1, 2, 3, 4].map(() => insertCommand(database.db, command)));
    const attempts = answers.map((answer) => (answer.conflict ? 'conflict' : answer.attempt));
    expect(attempts.filter((attempt) => attempt === 1)).toHaveLength(1);
    expect(attempts.filter((attempt) => attempt === null)).toHaveLength(3);
    expect(await takeFence(database.db, command)).toBeNull();
  });

  it('opens again when the lease runs out, to one caller, under the next number', async () => {
    const key = await fenced(5);
    await retakeFence({ ...key });
    const row = await getCommand(database.db, key);
    expect(row?.attempt).toBe(2);
    expect(await takeFence(database.db, key)).toBeNull();
  });

  it('stays shut once a verdict stands', async () => {
    const key = await fenced();
    await storeRefusal(database.db, { ...key, unmet: UNMET });
    expect(await takeFence(database.db, key)).toBeNull();
  });
});

describe('the verdict', () => {
  it('is a refusal where the attempt is still the caller’s', async () => {
    const key = await fenced();
    expect(await readVerdict(database.db, key)).toBeNull();
    const verdict = await storeRefusal(database.db, { ...key, unmet: UNMET, atSeq: 7 });
    expect(verdict).toMatchObject({ state: 'refused', unmet: UNMET, seq: 7 });
    expect(await readVerdict(database.db, key)).toEqual(verdict);
  });

  it('is not taken from an attempt that lost the fence', async () => {
    const lost = await fenced(1);
    const attempt = await retakeFence(lost);
    expect(await storeRefusal(database.db, { ...lost, unmet: UNMET })).toBeNull();
    expect((await getCommand(database.db, lost))?.state).toBe('pending');
    const verdict = await storeRefusal(database.db, { ...lost, attempt, unmet: UNMET });
    expect(verdict?.state).toBe('refused');
  });

  it('is the first one: a refusal after an application answers the application', async () => {
    const key = await fenced();
    await projectEvents(database.db, {
      workspaceId: workspace.workspaceId,
      itemId,
      events: [],
      command: { id: key.id, seq: 0, answer: { seq: 0 } },
    });
    const verdict = await storeRefusal(database.db, { ...key, unmet: UNMET });
    expect(verdict).toMatchObject({ state: 'applied', answer: { seq: 0 } });
  });

  it('is one for everybody when application and refusal race', async () => {
    for (let round = 0; round < 10; round += 1) {
      const key = await fenced();
      const [projection, refusal] = await Promise.all([
        projectEvents(database.db, {
          workspaceId: workspace.workspaceId,
          itemId,
          events: [],
          command: { id: key.id, seq: 0, answer: { round } },
        }),
        storeRefusal(database.db, { ...key, unmet: UNMET }),
      ]);
      expect(projection.verdict).toEqual(refusal);
      expect(projection.contradiction).toBe(refusal?.state === 'refused');
    }
  });
});

describe('a command that was not answered', () => {
  const NO_ANSWER = {
    error: 'Error: the engine is away',
    queue: { turn: 0, failures: 1, isSilent: false, pauseMs: 60_000 },
  };

  it('is abandoned while nobody sends it and it waits in no queue, oldest first', async () => {
    const { db } = database;
    const own = await makeWorkspace(db);
    const item = await makeItem(db, own);
    const [first, leased, failed, second] = [
      await makeCommand(db, own, item.id),
      await makeCommand(db, own, item.id),
      await makeCommand(db, own, item.id),
      await makeCommand(db, own, item.id),
    ];
    await takeFence(db, leased);
    const attempt = await takeFence(db, failed);
    await recordCommandError(db, { ...failed, attempt: attempt ?? 0, ...NO_ANSWER });
    const listed = (await listAbandonedCommands(db, { limit: 1_000 }))
      .map(({ id }) => id)
      .filter((id) => [first, leased, failed, second].some((key) => key.id === id));
    expect(listed).toEqual([first.id, second.id]);
    expect(await listAbandonedCommands(db, { limit: 10, minAgeMs: 60_000 })).toEqual([]);
    expect(await getCommand(db, failed)).toMatchObject({
      state: 'pending',
      errorCount: 1,
      lastError: 'Error: the engine is away',
      leaseUntil: null,
      isQueued: true,
    });
    const withoutVerdict = (inMs: number) =>
      findInTables(db, {
        workspaceId: own.workspaceId,
        codes: ['command_without_verdict'],
        limit: 10,
        now: new Date(Date.now() + inMs).toISOString(),
      });
    expect(await withoutVerdict(60_000)).toHaveLength(4);
    expect(await withoutVerdict(0)).toEqual([]);
  });
});
