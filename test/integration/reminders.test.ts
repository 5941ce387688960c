import { randomUUID } from 'node:crypto';
import { and, eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { remind as remindNow } from '../../src/audit/repairs/remind.ts';
import type { RepairOrder } from '../../src/audit/repairs/repair-outcome.ts';
import { items, notices, outbox, repairs } from '../../src/db/schema/index.ts';
import { inWorkspace } from '../../src/db/workspace-scope.ts';
import type { Finding } from '../../src/domain/audit/finding.ts';
import { bodyOf } from '../../src/domain/outbound/body.ts';
import { bodySchemaOf } from '../../src/domain/outbound/catalogue.ts';
import { draftDigest } from '../machine/item-fixture.ts';
import type { Json } from '../support/api-fixture.ts';
import { runCommand } from '../support/baton-command.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';
import { dispatchAll, makeToldItem, type ToldItem } from '../support/told-items.ts';

let api: IdleApi;
beforeAll(async () => {
  api = await openIdleApi();
});
afterAll(() => api?.close());

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** In review, told, and past its time: it waits for the editor. */
async function overdueReview(): Promise<{ item: ToldItem; finding: Json }> {
  const { database, workspace } = api;
  const item = await makeToldItem(database, workspace, '<b>Late</b> {role}');
  item.offer();
  item.accept();
  item.submit();
  await item.tell();
  const change = { clockOffsetMs: 20 * DAY_MS };
  await database.db.update(items).set(change).where(eq(items.id, item.id));
  const path = `/v1/audit/stuck?code=overdue&itemId=${item.id}`;
  const { json } = await api.as('strategist', 'GET', path);
  expect(json.items[0]?.repairs).toContain('remind');
  return { item, finding: json.items[0] };
}

function remind(role: string, finding: Json, change: object = {}, key: string = randomUUID()) {
  return api.as(role, 'POST', `/v1/audit/findings/${finding.id}/repairs`, {
    body: { repair: 'remind', reason: 'the launch is near', ...change },
    headers: { 'idempotency-key': key },
  });
}

async function reminders(item: ToldItem): Promise<Json[]> {
  const { json } = await api.as('editor', 'GET', '/v1/notifications?limit=200');
  return json.items.filter((one: Json) => one.itemId === item.id && one.kind === 'reminder');
}

function waiting(item: ToldItem) {
  const isReminder = and(eq(outbox.itemId, item.id), eq(outbox.type, 'item.reminded'));
  return api.database.db.select().from(outbox).where(isReminder);
}

describe('the repair `remind`', () => {
  it('reminds whoever is waited for, once an hour, and is recorded', async () => {
    const { item, finding } = await overdueReview();
    const dry = await remind('strategist', finding, { dryRun: true });
    const editor = api.workspace.memberOf('editor');
    const changes = [`${editor} is reminded, as editor`];
    expect(dry.json, dry.text).toMatchObject({ outcome: 'would', changes });
    expect(await waiting(item)).toEqual([]);

    const key = randomUUID();
    const done = await remind('strategist', finding, {}, key);
    expect(done.json, done.text).toMatchObject({ outcome: 'done', changes, stillFound: true });
    expect((await remind('strategist', finding, {}, key)).json).toEqual(done.json);
    const nothing = { outcome: 'nothing_to_do', changes: [] };
    expect((await remind('creator', finding)).json, 'before it left').toMatchObject(nothing);
    const [body] = (await waiting(item)).map((event) =>
      bodyOf(event, { item: null, endpoint: null }),
    );
    const { data } = bodySchemaOf('item.reminded').parse(JSON.parse(body ?? ''));
    expect(data).toMatchObject({
      itemId: item.id,
      actor: api.workspace.memberOf('strategist'),
      memberIds: [editor],
      code: 'overdue',
      waitingOn: [{ role: 'editor', for: 'decide_approval' }],
      answer: { contentHash: item.run.contentHash() },
    });

    await dispatchAll(api.database.program);
    expect(await reminders(item)).toMatchObject([
      { text: 'Reminder: “<b>Late</b> {role}” (Review) still waits for you as Editor.' },
    ]);
    expect((await remind('creator', finding)).json, 'after it left').toMatchObject(nothing);
    const { db } = api.database;
    const recorded = await db.select().from(repairs).where(eq(repairs.itemId, item.id));
    expect(recorded).toMatchObject([
      { repair: 'remind', reason: 'the launch is near', outcome: { memberIds: [editor] } },
    ]);

    const at = new Date(Date.now() - HOUR_MS - 1_000).toISOString();
    await db.update(notices).set({ at }).where(eq(notices.itemId, item.id));
    expect((await remind('creator', finding)).json.outcome, 'an hour later').toBe('done');
    await dispatchAll(api.database.program);
    expect(await reminders(item)).toHaveLength(2);
  });

  it('reminds once where ten ask at once', async () => {
    const { item, finding } = await overdueReview();
    const { workspaceId, memberOf } = api.workspace;
    const caller = { workspaceId, memberId: memberOf('strategist'), roles: ['strategist'] };
    const order = { dryRun: false, caller: caller as RepairOrder['caller'] };
    const patient = { workspaceId, itemId: item.id, finding: finding as Finding };
    const reports = await inWorkspace({ workspaceId }, () =>
      Promise.all(
        Array.from({ length: 10 }, () => remindNow({ db: api.database.program }, patient, order)),
      ),
    );
    expect(reports.filter(({ changes }) => changes.length > 0)).toHaveLength(1);
    await dispatchAll(api.database.program);
    expect(await reminders(item)).toHaveLength(1);
  });

  it('tells nobody whom the item no longer waits for when it gets there', async () => {
    const { item, finding } = await overdueReview();
    expect((await remind('strategist', finding)).json.outcome).toBe('done');
    const { run } = item;
    run.give('save_draft', item.by('creator'), { draft: draftDigest(2) });
    await item.tell();
    expect(await reminders(item)).toEqual([]);
  });

  it('is not possible where nobody active can be reminded', async () => {
    const { item, finding } = await overdueReview();
    const { pool } = api.database;
    const editor = api.workspace.memberOf('editor');
    const change = (active: boolean) =>
      pool.query('update members set active = $2 where id = $1', [editor, active]);
    await change(false);
    const refused = await remind('strategist', finding).finally(() => change(true));
    expect(refused.json, refused.text).toMatchObject({ outcome: 'not_possible' });
    expect(refused.json.error).toContain('reassign');
    expect(await waiting(item)).toEqual([]);
  });

  it('is for owners and admins of the workspace, and takes nothing with it', async () => {
    const { item, finding } = await overdueReview();
    expect((await remind('editor', finding)).status).toBe(403);
    const given = await remind('strategist', finding, { with: { memberId: 'mbr_x' } });
    expect(given.status).toBe(400);
    expect(given.text).toContain('memberId');
    const other = await makeWorkspace(api.database.db);
    const stranger = other.members.find(({ role }) => role === 'strategist')?.key ?? '';
    const foreign = await api.call(stranger, 'POST', `/v1/audit/findings/${finding.id}/repairs`, {
      body: { repair: 'remind', reason: 'mine' },
      headers: { 'idempotency-key': randomUUID() },
    });
    expect(foreign.status).toBe(404);
    expect(await waiting(item)).toEqual([]);
  });
});

describe('the command line', () => {
  const baton = (role: string, ...args: string[]) => {
    const there = ['--url', api.url, '--key', api.keyOf(role), '--credentials', 'none.json'];
    return runCommand([...args, ...there], { readInput: async () => 'the-secret-of-slack\n' });
  };

  it('`notices` shows what is not read, and marks it', async () => {
    const { item, finding } = await overdueReview();
    await remind('strategist', finding);
    await dispatchAll(api.database.program);
    const shown = await baton('editor', 'notices', '--mark-read');
    expect(shown).toMatchObject({ code: 0, err: '' });
    expect(shown.out).toMatch(new RegExp(`reminder +Reminder: “<b>Late</b>.* ${item.id}`));
    expect((await baton('editor', 'notices')).out).toBe('nothing that you have not read');
    expect((await baton('editor', 'notices', '--all')).out).toContain(item.id);
    const all = JSON.parse((await baton('editor', 'notices', '--all', '--json')).out);
    expect(all.items[0].readAt).not.toBeNull();
    expect((await baton('social_media_manager', 'notices', '--all')).out).not.toContain(item.id);
  });

  it('`stuck --closed` shows what was stuck, and nothing that is', async () => {
    expect((await baton('strategist', 'stuck', '--closed')).out).toBe('Nothing was stuck.');
    const { item } = await overdueReview();
    await api.database.pool.query(
      `insert into findings (workspace_id, id, code, severity, rank, item_id, since, waiting_on,
         evidence, opened_at, last_seen_at, closed_at, closed_because)
       select $1, 'fnd_' || lpad(n::text, 26, '0'), 'overdue', 'warning', 1, $2, now(), '[]', '{}', now(), now(),
         case n when 1 then now() end, case n when 1 then 'gone' end
       from generate_series(1, 2) n`,
      [api.workspace.workspaceId, item.id],
    );
    const { code, out } = await baton('strategist', 'stuck', '--closed', '--item', item.id);
    expect(code).toBe(0);
    expect(out).toContain('warning overdue');
    expect(out).toMatch(/because +gone/);
    expect(out).toMatch(/finding +fnd_0{25}1$/);
    expect(out).not.toMatch(/fnd_0{25}2/);
  });

  it('`webhook endpoint create` makes one of Slack and one of GitHub', async () => {
    const create = ['webhook', 'endpoint', 'create', '--decisions', 'decide_approval', '--json'];
    const editor = api.workspace.memberOf('editor');
    const users = `U0123ABCD=${editor}`;
    const slack = [...create, '--kind', 'slack', '--users', users, '--secret-file', '-'];
    const made = await baton('strategist', ...slack);
    expect(made.err).toBe('');
    expect(JSON.parse(made.out)).toMatchObject({ secret: 'the-secret-of-slack' });
    const github = await baton('strategist', ...create, '--kind', 'github', '--member', editor);
    expect(JSON.parse(github.out).secret).toMatch(/^whsec_/);
    const { json } = await api.as('strategist', 'GET', '/v1/webhook-endpoints');
    expect(json.items).toMatchObject([
      { kind: 'slack', memberId: null, users: { U0123ABCD: editor } },
      { kind: 'github', memberId: editor },
    ]);
    expect((await baton('creator', ...slack)).err).toContain('forbidden');
  });
});
