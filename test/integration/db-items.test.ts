import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findInTables } from '../../src/db/audit/findings.ts';
import { storeRefusal, takeFence } from '../../src/db/item/commands.ts';
import { type ItemSummary, listInbox, listItems, setClockOffset } from '../../src/db/item/items.ts';
import { projectEvents } from '../../src/db/item/projection.ts';
import { readTimeline, type TimelineEntry } from '../../src/db/item/timeline.ts';
import type { Page } from '../../src/db/paging.ts';
import { insertCampaign } from '../../src/db/workspace/campaigns.ts';
import {
  firstRow,
  makeChain,
  makeCommand,
  makeItem,
  makeWorkspace,
  openTestDb,
} from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
beforeAll(async () => {
  database = await openTestDb();
});
afterAll(() => database.close());

/** Reads every page of a list; fails if it does not end. */
async function readAll<T>(read: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 100; pages += 1) {
    const page = await read(cursor);
    all.push(...page.items);
    if (page.nextCursor === null) return all;
    cursor = page.nextCursor;
  }
  throw new Error('the list does not end');
}

const idsOf = (rows: ItemSummary[]) => rows.map(({ id }) => id);

describe('listItems', () => {
  it('pages over items of one instant without repeating or losing one', async () => {
    const { db } = database;
    const workspace = await makeWorkspace(db);
    const made: string[] = [];
    for (let count = 0; count < 7; count += 1) made.push((await makeItem(db, workspace)).id);
    await db.execute(
      sql`update items set created_at = '2026-01-01T00:00:00.5Z' where id in (${made[1]}, ${made[2]}, ${made[3]}, ${made[4]})`,
    );
    const { workspaceId } = workspace;
    const whole = idsOf((await listItems(db, { workspaceId })).items);
    expect([...whole].sort()).toEqual([...made].sort());
    const paged = await readAll((cursor) => listItems(db, { workspaceId, limit: 2, cursor }));
    expect(idsOf(paged)).toEqual(whole);
  });

  it('keeps its place while items are added and changed', async () => {
    const { db } = database;
    const workspace = await makeWorkspace(db);
    const { workspaceId } = workspace;
    const made: string[] = [];
    for (let count = 0; count < 6; count += 1) made.push((await makeItem(db, workspace)).id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listItems(db, { workspaceId, limit: 2, cursor });
      seen.push(...idsOf(page.items));
      cursor = page.nextCursor ?? undefined;
      await makeItem(db, workspace);
      const first = seen[0] ?? '';
      const row = firstRow(workspace, first, 1);
      await projectEvents(db, { workspaceId, itemId: first, events: makeChain(1), item: row });
    } while (cursor !== undefined);
    expect([...seen].sort()).toEqual([...made].sort());
  });

  it('orders by the last change when asked', async () => {
    const { db } = database;
    const workspace = await makeWorkspace(db);
    const { workspaceId } = workspace;
    const [first, second] = [await makeItem(db, workspace), await makeItem(db, workspace)];
    await db.execute(sql`update items set updated_at = now() - interval '1 hour'
      where workspace_id = ${workspaceId}`);
    const row = firstRow(workspace, first.id, 1);
    await projectEvents(db, { workspaceId, itemId: first.id, events: makeChain(1), item: row });
    const listed = await listItems(db, { workspaceId, order: 'updated' });
    expect(idsOf(listed.items)).toEqual([first.id, second.id]);
    const paged = await readAll((cursor) =>
      listItems(db, { workspaceId, order: 'updated', limit: 1, cursor }),
    );
    expect(idsOf(paged)).toEqual([first.id, second.id]);
  });

  it('filters by stage, role, assignee, campaign, text and openness', async () => {
    const { db } = database;
    const workspace = await makeWorkspace(db);
    const { workspaceId } = workspace;
    const [editor, creator] = [workspace.memberOf('editor'), workspace.memberOf('creator')];
    const campaign = await insertCampaign(db, {
      workspaceId,
      name: 'Spring',
      goal: 'attract',
      createdBy: creator,
    });
    const review = await makeItem(db, workspace, {
      stage: 'review',
      substage: 'deciding',
      ownerRole: 'legal',
      assigneeId: null,
      waitingOn: [
        { role: 'legal', for: 'decide_approval' },
        { role: 'editor', for: 'decide_approval' },
      ],
      title: 'Été à 100 %_ sûr',
      campaignId: campaign.id,
    });
    const closed = await makeItem(db, workspace, {
      stage: 'closed',
      substage: null,
      ownerRole: null,
      assigneeId: creator,
      waitingOn: [],
    });
    await db.execute(sql`update items set closed_at = now() where id = ${closed.id}`);
    const find = async (filter: Partial<Parameters<typeof listItems>[1]>) =>
      idsOf((await listItems(db, { workspaceId, ...filter })).items);
    expect(await find({ stage: 'review' })).toEqual([review.id]);
    expect(await find({ role: 'legal' })).toEqual([review.id]);
    expect(await find({ role: 'editor' })).toEqual([review.id]);
    expect(await find({ role: 'brand' })).toEqual([]);
    expect(await find({ assigneeId: creator })).toEqual([closed.id]);
    expect(await find({ assigneeId: editor })).toEqual([]);
    expect(await find({ campaignId: campaign.id })).toEqual([review.id]);
    expect(await find({ q: 'ÉTÉ' })).toEqual([review.id]);
    expect(await find({ q: '100 %_' })).toEqual([review.id]);
    expect(await find({ q: '100_%' })).toEqual([]);
    expect(await find({ q: "'; drop table items" })).toEqual([]);
    expect(await find({ open: true })).toEqual([review.id]);
    expect(await find({ open: false })).toEqual([closed.id]);
  });

  it('refuses a cursor that is not its own', async () => {
    const { db } = database;
    const wrong = [
      'x',
      '',
      Buffer.from('{}').toString('base64url'),
      Buffer.from('["2026-13-45T99:00:00.000Z","itm_1"]').toString('base64url'),
      Buffer.from('["2026-01-01T00:00:00.000Z","a\\u0000b"]').toString('base64url'),
      Buffer.from('[3]').toString('base64url'),
    ];
    for (const cursor of wrong) {
      const listed = listItems(db, { workspaceId: 'wsp_any', cursor });
      await expect(listed, cursor).rejects.toMatchObject({ code: 'cursor_invalid' });
    }
  });
});

describe('listInbox', () => {
  it('shows what waits for the member or for a role that nobody is assigned for, soonest due first', async () => {
    const { db } = database;
    const workspace = await makeWorkspace(db);
    const { workspaceId } = workspace;
    const memberId = workspace.memberOf('creator');
    const colleague = workspace.memberOf('editor');
    const make = async (
      waitingOn: ItemSummary['waitingOn'],
      dueAt: string | null,
    ): Promise<string> => (await makeItem(db, workspace, { waitingOn, dueAt })).id;
    const undated = await make([{ role: 'creator', memberId, for: 'submit_for_review' }], null);
    const late = await make(
      [{ role: 'creator', for: 'accept_handoff' }],
      '2026-05-02T00:00:00.000Z',
    );
    const soon = await make(
      [{ role: 'creator', memberId, for: 'submit_for_review' }],
      '2026-05-01T00:00:00.000Z',
    );
    await make([{ role: 'creator', memberId: colleague, for: 'accept_handoff' }], null);
    await make([{ role: 'editor', for: 'decide_approval' }], null);
    const gone = await make([{ role: 'creator', for: 'accept_handoff' }], null);
    await db.execute(sql`update items set closed_at = now() where id = ${gone}`);
    const request = { workspaceId, memberId, roles: ['creator'] as const };
    const inbox = await readAll((cursor) => listInbox(db, { ...request, limit: 1, cursor }));
    expect(idsOf(inbox)).toEqual([soon, late, undated]);
    const nobody = { workspaceId, memberId: 'mbr_none', roles: [] };
    expect((await listInbox(db, nobody)).items).toEqual([]);
  });
});

describe('setClockOffset', () => {
  it('moves the clock that the audit compares with', async () => {
    const { db } = database;
    const workspace = await makeWorkspace(db);
    const { workspaceId } = workspace;
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    const dueAt = (at: string) => {
      const alarm = { code: 'overdue' as const, at, since: at, subject: at, evidence: {} };
      return { dueAt: at, alarms: [alarm], nextAlarmAt: at };
    };
    const past = await makeItem(db, workspace, dueAt(inDays(-1)));
    const future = await makeItem(db, workspace, dueAt(inDays(2)));
    await makeItem(db, workspace, { alarms: [], nextAlarmAt: null });
    const overdue = async () => {
      const question = { workspaceId, codes: ['overdue'] as const, limit: 10 };
      const found = await findInTables(db, { ...question, now: new Date().toISOString() });
      return found.map(({ itemId }) => itemId);
    };
    expect(await overdue()).toEqual([past.id]);
    const shift = { workspaceId, itemId: future.id, offsetMs: 3 * 86_400_000 };
    expect(await setClockOffset(db, shift)).toBe(true);
    expect(await overdue()).toEqual([past.id, future.id]);
    expect(await setClockOffset(db, { ...shift, workspaceId: 'wsp_other' })).toBe(false);
  });
});

describe('readTimeline', () => {
  it('merges events and refusals by seq, the same whole and in pages of any size', async () => {
    const { db } = database;
    const workspace = await makeWorkspace(db);
    const { workspaceId } = workspace;
    const { id: itemId } = await makeItem(db, workspace);
    const chain = makeChain(4);
    const unmet = [{ code: 'reason_given' as const, message: 'a reason is required' }];
    const refuse = async () => {
      const key = await makeCommand(db, workspace, itemId);
      const attempt = (await takeFence(db, key)) ?? 0;
      await storeRefusal(db, { ...key, attempt, unmet });
    };
    await refuse();
    for (const { seq } of chain) {
      const events = chain.slice(seq - 1, seq);
      const item = firstRow(workspace, itemId, seq);
      await projectEvents(db, { workspaceId, itemId, events, item });
      if (seq % 2 === 0) await Promise.all([refuse(), refuse()]);
    }
    const outline = (entries: TimelineEntry[]) =>
      entries.map(({ kind, seq }) => `${kind} ${seq}`).join(', ');
    const whole = (await readTimeline(db, { workspaceId, itemId })).items;
    expect(outline(whole)).toBe(
      'refusal 0, event 1, event 2, refusal 2, refusal 2, event 3, event 4, refusal 4, refusal 4',
    );
    expect(whole[0]).toMatchObject({ unmet, type: 'hold' });
    expect(whole[1]).toMatchObject({ hash: chain[0]?.hash, at: chain[0]?.at });
    for (let limit = 1; limit <= whole.length; limit += 1) {
      const paged = await readAll((cursor) =>
        readTimeline(db, { workspaceId, itemId, limit, cursor }),
      );
      expect(paged, `limit ${limit}`).toEqual(whole);
    }
  });
});
