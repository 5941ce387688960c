import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  findInTables,
  type Observation,
  TABLE_CODES,
  type TableCode,
} from '../../src/db/audit/findings.ts';
import { items, members } from '../../src/db/schema/index.ts';
import { findingId } from '../../src/domain/audit/finding.ts';
import { TIMER_GRACE_MS } from '../../src/domain/item/alarms.ts';
import { deadlinesOf } from '../../src/domain/item/deadlines.ts';
import { PLACES } from '../../src/domain/item/stages.ts';
import {
  ACCOUNTS,
  CAST,
  DAY,
  draftDigest,
  HOUR,
  itemInput,
  later,
  MINUTE,
  PLAYBOOK,
  slot,
  type TestRun,
} from '../machine/item-fixture.ts';
import {
  approve,
  RUN_AT,
  send,
  toBriefing,
  toCreation,
  toOffered,
  toReview,
  toReviewing,
  toScheduled,
} from '../machine/item-journeys.ts';
import { type AuditWorkspace, makeAuditWorkspace, seedRun } from '../support/audit-rows.ts';
import { openTestDb } from '../support/db-fixture.ts';

let database: Awaited<ReturnType<typeof openTestDb>>;
let workspace: AuditWorkspace;
beforeAll(async () => {
  database = await openTestDb();
  workspace = await makeAuditWorkspace(database.db);
});
afterAll(() => database.close());

type Question = Partial<Parameters<typeof findInTables>[1]>;

function find(now: string, question: Question = {}): Promise<Observation[]> {
  const { workspaceId } = workspace;
  return findInTables(database.db, {
    workspaceId,
    now,
    codes: TABLE_CODES,
    limit: 500,
    ...question,
  });
}

/** What is found of one item that was seeded from a run, at the run's own time unless told. */
async function findingsOf(
  run: TestRun,
  { now = run.at, ...change }: { now?: string } & Parameters<typeof seedRun>[3] = {},
): Promise<Observation[]> {
  const itemId = await seedRun(database.db, workspace, run, change);
  return find(now, { itemId });
}

const codesOf = (facts: Observation[]) => facts.map(({ code }) => code);
const only = (facts: Observation[], code: TableCode) => facts.filter((fact) => fact.code === code);

describe('an item that is not stuck', () => {
  it.each(PLACES.filter((place) => place !== 'publishing'))(
    'has no finding in %s',
    async (place) => {
      expect(await findingsOf(RUN_AT[place]())).toEqual([]);
    },
  );
});

describe('deadlines', () => {
  it.each(PLACES)('in %s are those of the domain', async (place) => {
    const run = RUN_AT[place]();
    const itemId = await seedRun(database.db, workspace, run);
    for (const passed of [0, MINUTE / 2, 2 * MINUTE, HOUR, 23 * HOUR, 3 * DAY, 40 * DAY]) {
      const now = later(run.at, passed);
      const found = await find(now, { itemId, codes: ['timer_overdue'] });
      const expected = deadlinesOf(run.place, run.context)
        .map((deadline) => ({
          deadline: deadline.kind,
          at: 'graceUntil' in deadline ? deadline.graceUntil : deadline.at,
        }))
        .filter(({ at }) => at + TIMER_GRACE_MS < Date.parse(now))
        .map(({ deadline, at }) => ({ deadline, at: new Date(at).toISOString() }));
      const seen = found.map(({ evidence: { deadline, at } }) => ({ deadline, at }));
      expect(new Set(seen.map((one) => JSON.stringify(one)))).toEqual(
        new Set(expected.map((one) => JSON.stringify(one))),
      );
      expect(seen).toHaveLength(expected.length);
    }
  });

  it('of slots that are held and of an item on hold are those of the domain', async () => {
    const held = toCreation();
    const publications = [slot(ACCOUNTS.sandbox, later(held.at, 2 * DAY))];
    held.give('plan_schedule', CAST.manager, { publications }, { slots: [] });
    const edited = toScheduled();
    edited.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    edited.give('hold', CAST.creator, { reason: 'a crisis' });
    for (const run of [held, edited]) {
      const itemId = await seedRun(database.db, workspace, run);
      for (const passed of [HOUR, 25 * HOUR, 3 * DAY]) {
        const now = later(run.at, passed);
        const found = await find(now, { itemId, codes: ['timer_overdue'] });
        const expected = deadlinesOf(run.place, run.context)
          .filter(({ at }) => at + TIMER_GRACE_MS < Date.parse(now))
          .map(({ kind, at }) => `${kind} ${new Date(at).toISOString()}`);
        expect(found.map(({ evidence: { deadline, at } }) => `${deadline} ${at}`).sort()).toEqual(
          expected.sort(),
        );
      }
    }
  });
});

describe('overdue', () => {
  it('is found past the full clock, since its due time, and a save does not reset it', async () => {
    const run = toBriefing();
    run.wait(3 * DAY);
    const [before] = only(await findingsOf(run), 'overdue');
    expect(before?.evidence).toMatchObject({ stage: 'briefing', stepsPassed: 4 });
    run.give('save_brief', CAST.strategist, { brief: { ...PLAYBOOK_BRIEF, version: 2 } });
    const [after] = only(await findingsOf(run), 'overdue');
    expect(after?.since).toBe(before?.since);
    expect(after?.since).toBe(new Date(run.context.clock?.steps[2] ?? 0).toISOString());
  });

  it('follows the clock of the item, and stands still while it is held', async () => {
    const run = toBriefing();
    expect(codesOf(await findingsOf(run, { clockOffsetMs: 3 * DAY }))).toContain('overdue');
    run.give('hold', CAST.strategist, { reason: 'an embargo' });
    expect(await findingsOf(run, { clockOffsetMs: 3 * DAY })).toEqual([]);
  });
});

const PLAYBOOK_BRIEF = {
  version: 1,
  hash: 'b'.repeat(64),
  missing: [],
  formats: ['written'],
  channels: ['sandbox'],
  facts: [],
  targetCount: 1,
  targetsHash: 't'.repeat(64),
  embargoUntil: null,
};

describe('people', () => {
  it('unassigned: several hold the role and nobody is named', async () => {
    const team = {
      strategist: CAST.strategist.memberId,
      creator: null,
      social_media_manager: null,
    };
    const run = toOffered({ team });
    const [found] = await findingsOf(run);
    expect(found).toMatchObject({
      code: 'unassigned',
      evidence: { role: 'creator', for: 'accept_handoff', able: 3 },
    });
    // The only social media manager needs no name.
    const planned = toReview({ team: { ...team, creator: CAST.creator.memberId } });
    approve(planned);
    expect(await findingsOf(planned)).toEqual([]);
  });

  it('unassigned: every editor has written it', async () => {
    const run = toReview();
    expect(await findingsOf(run)).toEqual([]);
    run.snapshot.context.authors.push(
      ...[CAST.editor, CAST.secondEditor, CAST.creatorAndEditor].map(({ memberId }) => memberId),
    );
    const [found] = await findingsOf(run);
    expect(found).toMatchObject({ code: 'unassigned', evidence: { role: 'editor', able: 0 } });
  });

  it('owner_inactive and owner_absent: whoever is waited for cannot act, or is away', async () => {
    const { db } = database;
    const other = await makeAuditWorkspace(db);
    const itemId = await seedRun(db, other, toOffered());
    const at = toOffered().at;
    const isCreator = eq(members.id, other.idOf(CAST.creator.memberId));
    const ask = () =>
      find(at, { workspaceId: other.workspaceId, itemId }).then((facts) => facts[0] ?? null);
    expect(await ask()).toBeNull();
    await db
      .update(members)
      .set({ absentUntil: later(at, DAY) })
      .where(isCreator);
    expect(await ask()).toMatchObject({ code: 'owner_absent', since: expect.any(String) });
    await db
      .update(members)
      .set({ absentFrom: later(at, HOUR) })
      .where(isCreator);
    expect(await ask()).toBeNull();
    await db
      .update(members)
      .set({ roles: ['designer'] })
      .where(isCreator);
    expect(await ask()).toMatchObject({
      code: 'owner_inactive',
      evidence: { active: true, holdsRole: false },
    });
    await db
      .update(members)
      .set({ roles: ['creator'], active: false })
      .where(isCreator);
    expect(await ask()).toMatchObject({ code: 'owner_inactive', evidence: { active: false } });
  });

  it('owner_inactive: an approver whose yes is needed has left', async () => {
    const { db } = database;
    const other = await makeAuditWorkspace(db);
    const run = toReview({
      playbook: { ...PLAYBOOK, gate: [{ role: 'editor', quorum: 'all' }] },
    });
    const itemId = await seedRun(db, other, run);
    const question = { workspaceId: other.workspaceId, itemId };
    expect(await find(run.at, question)).toEqual([]);
    const gone = other.idOf(CAST.secondEditor.memberId);
    await db.update(members).set({ active: false }).where(eq(members.id, gone));
    expect(await find(run.at, question)).toMatchObject([
      { code: 'owner_inactive', evidence: { memberId: gone, for: 'decide_approval' } },
    ]);
  });
});

describe('approvals and slots', () => {
  it('stale_approval: a granted set of another content', async () => {
    const run = RUN_AT['scheduling.planning']();
    run.snapshot.context.contentHash = 'c'.repeat(64);
    const [found] = only(await findingsOf(run), 'stale_approval');
    expect(found?.evidence).toMatchObject({ state: 'granted', contentHash: 'c'.repeat(64) });
  });

  it('stale_approval: somebody decided on an old version and has not decided again', async () => {
    const { db } = database;
    const run = toReview();
    const itemId = await seedRun(db, workspace, run);
    const refuse = (decidedHash: string, seq: number) =>
      db.execute(sql`
        insert into commands (id, workspace_id, item_id, actor_id, source, type, payload, body_hash,
          expires_at, state, unmet, refused_at_seq, settled_at)
        values (${`http:test:${Math.random()}`}, ${workspace.workspaceId}, ${itemId},
          ${workspace.idOf(CAST.editor.memberId)}, 'http', 'decide_approval',
          ${JSON.stringify({
            kind: 'command',
            message: { refs: { role: 'editor', contentHash: decidedHash } },
          })}::jsonb,
          'h', now(), 'refused', '[{"code": "current_hash", "message": "old"}]'::jsonb, ${seq}, now())`);
    await refuse('0'.repeat(64), 1);
    expect(await find(run.at, { itemId })).toEqual([]);
    await refuse('0'.repeat(64), run.events.length);
    await refuse('0'.repeat(64), run.events.length);
    expect(await find(run.at, { itemId })).toMatchObject([
      { code: 'stale_approval', evidence: { decidedHash: '0'.repeat(64), role: 'editor' } },
    ]);
  });

  it('slot_without_approval: an edited item whose slot comes within a day', async () => {
    const run = toScheduled();
    run.give('save_draft', CAST.creator, { draft: draftDigest(2) });
    expect(only(await findingsOf(run), 'slot_without_approval')).toEqual([]);
    expect(
      only(await findingsOf(run, { now: later(run.at, 2 * HOUR) }), 'slot_without_approval'),
    ).toMatchObject([{ evidence: { state: 'planned' } }]);
  });

  it('slot_without_approval: a held slot whose deadline for the approval is near', async () => {
    const run = toCreation();
    const publications = [slot(ACCOUNTS.sandbox, later(run.at, 2 * DAY))];
    run.give('plan_schedule', CAST.manager, { publications }, { slots: [] });
    expect(await findingsOf(run)).toEqual([]);
    const near = await findingsOf(run, { now: later(run.at, DAY) });
    expect(near).toMatchObject([
      {
        code: 'slot_without_approval',
        evidence: { state: 'tentative', heldUntil: later(run.at, 2 * DAY - HOUR) },
      },
    ]);
  });
});

describe('publications', () => {
  it.each(['due', 'sending'] as const)('publication_late: %s for too long', async (state) => {
    const run = toScheduled();
    send(run, ACCOUNTS.sandbox, state);
    const lateAfter = async (minutes: number) =>
      only(await findingsOf(run, { now: later(run.at, minutes * MINUTE) }), 'publication_late');
    expect(await lateAfter(14)).toEqual([]);
    expect(await lateAfter(16)).toMatchObject([
      { since: run.publication(ACCOUNTS.sandbox).at, evidence: { state, intent: null } },
    ]);
  });

  it('publication_late: nobody noticed that the slot has come', async () => {
    const run = toScheduled();
    const found = await findingsOf(run, { now: later(run.at, DAY + 16 * MINUTE) });
    expect(codesOf(found)).toEqual(expect.arrayContaining(['publication_late', 'timer_overdue']));
  });

  it('publication_unknown and publication_missed, since the event that says so', async () => {
    const run = toScheduled();
    send(run, ACCOUNTS.sandbox, 'unknown');
    const at = run.at;
    run.at = later(run.at, MINUTE);
    expect(await findingsOf(run)).toMatchObject([{ code: 'publication_unknown', since: at }]);
    const missed = await findingsOf(RUN_AT.publishing());
    expect(codesOf(missed)).toEqual(['publication_missed']);
    expect(missed[0]?.evidence['evidence']).toMatch(/passed/);
  });
});

describe('measuring', () => {
  it('checkpoint_missing: no reading came in time', async () => {
    const run = RUN_AT.measuring();
    const [first] = run.context.checkpoints.filter(({ state }) => state === 'due');
    const { publicationId = '', checkpoint = '' } = first ?? {};
    run.at = later(run.at, DAY);
    run.happen({ type: 'checkpoint_missed', at: run.at, publicationId, checkpoint });
    expect(await findingsOf(run)).toMatchObject([
      { code: 'checkpoint_missing', since: run.at, evidence: { checkpoint, required: true } },
    ]);
  });

  it('review_undecided: due without every sign-off, or never frozen', async () => {
    const run = toReviewing();
    run.give('sign_off', CAST.strategist, { role: 'strategist', decision: 'scale' });
    run.wait(5 * DAY);
    const found = await findingsOf(run);
    expect(only(found, 'review_undecided')).toMatchObject([
      { evidence: { frozen: true, signed: ['strategist'] } },
    ]);
    const unfrozen = RUN_AT.measuring();
    unfrozen.wait(29 * DAY);
    const { stageEnteredAt } = unfrozen.context;
    const soon = await findingsOf(unfrozen, { now: later(stageEnteredAt, 5 * MINUTE) });
    expect(soon).toEqual([]);
    expect(only(await findingsOf(unfrozen), 'review_undecided')).toMatchObject([
      { evidence: { frozen: false }, since: stageEnteredAt },
    ]);
  });
});

describe('records', () => {
  const inMinutes = (minutes: number) => later(new Date().toISOString(), minutes * MINUTE);

  it('event_gap: an event is not stored, or the row stands elsewhere', async () => {
    const { db } = database;
    const other = await makeAuditWorkspace(db);
    const itemId = await seedRun(db, other, toCreation());
    const question = {
      workspaceId: other.workspaceId,
      itemId,
      codes: ['event_gap'] as const,
    };
    expect(await find(inMinutes(1), question)).toEqual([]);
    const change = { seq: sql`${items.seq} + 1` };
    await db.update(items).set(change).where(eq(items.id, itemId));
    const [found] = await find(inMinutes(1), question);
    const { lastSeq } = found?.evidence ?? {};
    expect(found?.evidence).toMatchObject({ firstMissing: Number(lastSeq) + 1 });
    expect(await find(inMinutes(0), question), 'it may still heal').toEqual([]);
  });

  it('command_without_verdict: pending for more than ten seconds, with its last error', async () => {
    const { db } = database;
    const id = `http:test:${Math.random()}`;
    await db.execute(sql`
      insert into commands (id, workspace_id, item_id, actor_id, source, type, payload, body_hash,
        expires_at, attempt, last_error, error_count)
      values (${id}, ${workspace.workspaceId}, 'itm_of_a_refused_start',
        ${workspace.idOf(CAST.editor.memberId)}, 'http', 'start_item', '{}', 'h', now(), 3,
        'engine: gRPC code 14', 2)`);
    const question = { codes: ['command_without_verdict'] as const };
    expect(await find(inMinutes(0), question)).toEqual([]);
    expect(await find(inMinutes(1), question)).toMatchObject([
      {
        id: findingId('command_without_verdict', id),
        itemId: 'itm_of_a_refused_start',
        evidence: { commandId: id, attempts: 3, lastError: 'engine: gRPC code 14' },
      },
    ]);
    await db.execute(sql`update commands set state = 'refused', unmet = '[]', refused_at_seq = 1,
      settled_at = now() where id = ${id}`);
    expect(await find(inMinutes(1), question)).toEqual([]);
    await db.execute(sql`update commands set applied_seq = 1 where id = ${id}`);
    expect(await find(inMinutes(1), question)).toMatchObject([{ evidence: { appliedSeq: 1 } }]);
  });
});

describe('the list', () => {
  it('is paged without gap or repetition, worst first, and knows no other workspace', async () => {
    const { db } = database;
    const other = await makeAuditWorkspace(db);
    for (let count = 0; count < 3; count += 1) {
      const late = toBriefing(itemInput());
      late.wait((3 + count) * DAY);
      await seedRun(db, other, late);
      await seedRun(db, other, RUN_AT.publishing());
    }
    const now = later(toBriefing().at, 30 * DAY);
    const question = { workspaceId: other.workspaceId };
    const all = await find(now, question);
    expect(codesOf(all)).toEqual(
      expect.arrayContaining(['overdue', 'publication_missed', 'timer_overdue']),
    );
    const rank = (code: string) => (code === 'overdue' || code === 'unassigned' ? 1 : 0);
    const sorted = [...all].sort(
      (a, b) =>
        rank(a.code) - rank(b.code) || a.since.localeCompare(b.since) || (a.id < b.id ? -1 : 1),
    );
    expect(all).toEqual(sorted);
    const paged: Observation[] = [];
    for (;;) {
      const last = paged.at(-1);
      const after = last && { rank: rank(last.code), since: last.since, id: last.id };
      const page = await find(now, { ...question, limit: 2, after });
      paged.push(...page);
      if (page.length < 2) break;
    }
    expect(paged).toEqual(all);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const mine = new Set((await find(now)).map(({ itemId }) => itemId));
    expect(all.some(({ itemId }) => mine.has(itemId))).toBe(false);
  });

  it('can be narrowed to one finding, and to whom items wait for', async () => {
    const { db } = database;
    const other = await makeAuditWorkspace(db);
    const { workspaceId } = other;
    const run = toBriefing();
    await seedRun(db, other, run);
    await seedRun(db, other, toCreation());
    const now = later(run.at, 30 * DAY);
    const overdue = { workspaceId, codes: ['overdue'] as const };
    const all = await find(now, overdue);
    expect(all).toHaveLength(2);
    const [first] = all;
    expect(await find(now, { ...overdue, id: first?.id })).toEqual([first]);
    const creator = await find(now, { ...overdue, role: 'creator' });
    const memberId = other.idOf(CAST.creator.memberId);
    expect(creator).toHaveLength(1);
    expect(await find(now, { ...overdue, memberId })).toEqual(creator);
    expect(await find(now, { ...overdue, memberId: workspace.idOf('mbr_creator') })).toEqual([]);
  });
});
