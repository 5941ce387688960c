import { randomUUID } from 'node:crypto';
import { Client, Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { insertAsset } from '../../src/db/workspace/assets.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { makeBrief, makeDraft, tickedChecklist } from '../support/content.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { eventually } from '../support/eventually.ts';
import { toCreation, toMeasuring, toReview } from '../support/item-story.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

const TABLES = ['briefs', 'drafts', 'command_texts', 'comments', 'item_events'] as const;

/** What is stored of an item beside its commands. */
async function storedOf(itemId: string): Promise<Record<string, number>> {
  const counts = TABLES.map(
    (table) => `(select count(*)::int from ${table} where item_id = $1) as ${table}`,
  );
  const { rows } = await api.engine.deps.db.$client.query(`select ${counts.join(', ')}`, [itemId]);
  return rows[0];
}

async function refusalsOf(itemId: string): Promise<number> {
  const { rows } = await api.engine.deps.db.$client.query(
    `select count(*)::int as count from commands where item_id = $1 and state = 'refused'`,
    [itemId],
  );
  return rows[0].count;
}

/** Sends what must be refused, and expects that nothing of it is left but the command. */
async function leavesNothing(
  itemId: string,
  role: Role,
  [method, path, body]: [string, string, object],
  headers: Record<string, string> = {},
) {
  const [before, refusals] = [await storedOf(itemId), await refusalsOf(itemId)];
  const reply = await api.as(role, method, `/v1/items/${itemId}${path}`, { body, headers });
  expect(await storedOf(itemId), `${role} ${method} ${path}`).toEqual(before);
  expect(await refusalsOf(itemId)).toBe(refusals + 1);
  return reply;
}

describe('a refused write', () => {
  it('of a text leaves its command row and no text', async () => {
    const id = await api.engine.start();
    await toCreation(api.engine, id);
    const draft = makeDraft({ title: 'by an editor' });
    const refused = await leavesNothing(id, 'editor', ['PUT', '/draft', draft]);
    expect(refused.status).toBe(403);
    expect(refused.json.unmet).toMatchObject([{ code: 'holds_role' }]);
    const brief = makeBrief({ objective: 'of a creator' });
    expect((await leavesNothing(id, 'creator', ['PUT', '/brief', brief])).status).toBe(403);
    const asked = await api.as('editor', 'GET', `/v1/items/${id}`);
    expect(asked.json.draft).toBeNull();
  });

  it('because of the stage leaves no text either', async () => {
    const id = await api.engine.start();
    const early = await leavesNothing(id, 'creator', ['PUT', '/draft', makeDraft()]);
    expect(early.json.unmet).toMatchObject([{ code: 'in_stage' }]);
    await toMeasuring(api.engine, id);
    const late = await leavesNothing(id, 'creator', [
      'PUT',
      '/draft',
      makeDraft({ title: 'late' }),
    ]);
    expect(late.status).toBe(409);
  });

  it('because of the stage is answered as it is stored: nobody looks for its verdict', async () => {
    const id = await api.engine.start();
    const asked = vi.spyOn(Client.prototype, 'query');
    try {
      const { status } = await api.as('creator', 'POST', `/v1/items/${id}/resume`, {
        body: { reason: 'It may go on' },
      });
      expect(status).toBe(409);
      const texts = asked.mock.calls.map(([query]) => JSON.stringify(query));
      const touching = (verb: string) =>
        texts.filter((text) => text.includes(`${verb} \\"commands`));
      expect(touching('insert into')).toHaveLength(1);
      // The refusal itself; a sender that takes the fence would be another.
      expect(touching('update')).toHaveLength(1);
    } finally {
      asked.mockRestore();
    }
  });

  it('that only the run refuses leaves no text: of two saves of one version, the loser', async () => {
    const id = await api.engine.start();
    await toCreation(api.engine, id);
    const path = `/v1/items/${id}/draft`;
    const { hash } = await api.ok('creator', 'PUT', path, makeDraft());
    const before = await storedOf(id);
    const replies = await Promise.all(
      ['left', 'right', 'middle'].map((title) =>
        api.as('creator', 'PUT', path, {
          body: makeDraft({ title }),
          headers: { 'if-match': `"${hash}"` },
        }),
      ),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    const after = await storedOf(id);
    expect(after['drafts']).toBe((before['drafts'] ?? 0) + 1);
    expect(after['command_texts']).toBe(0);
    const winner = replies.find(({ status }) => status === 200)?.json;
    const next = await api.ok('creator', 'PUT', path, makeDraft({ title: 'the next' }));
    expect(next.version).toBeGreaterThan(winner.version);
  });

  it('with a comment leaves no comment', async () => {
    const id = await api.engine.start();
    const contentHash = await toReview(api.engine, id);
    const decision = { contentHash, role: 'editor', decision: 'approve', comment: 'fine by me' };
    const path = '/approvals';
    const refused = await leavesNothing(id, 'social_media_manager', ['POST', path, decision]);
    expect(refused.status).toBe(403);
    const old = { ...decision, contentHash: 'a'.repeat(64) };
    expect((await leavesNothing(id, 'editor', ['POST', path, old])).status).toBe(409);
    const { json } = await api.as('editor', 'GET', `/v1/items/${id}/comments`);
    expect(json.items).toEqual([]);
  });

  it('of a plan holds no slot', async () => {
    const id = await api.engine.start();
    await toCreation(api.engine, id);
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const plan = { publications: [{ channelAccountId: api.engine.channelAccountId, at }] };
    await leavesNothing(id, 'editor', ['PUT', '/schedule', plan]);
    const { json } = await api.as('editor', 'GET', `/v1/items/${id}/schedule`);
    expect(json.publications).toEqual([]);
  });

  it('gets the same answer again under its key, and never another text', async () => {
    const id = await api.engine.start();
    await toCreation(api.engine, id);
    const headers = { 'idempotency-key': randomUUID() };
    const path = `/v1/items/${id}/draft`;
    const first = await api.as('editor', 'PUT', path, { body: makeDraft(), headers });
    const again = await api.as('editor', 'PUT', path, { body: makeDraft(), headers });
    expect({ ...again.json, requestId: '' }).toEqual({ ...first.json, requestId: '' });
    const other = { body: makeDraft({ title: 'x' }), headers };
    expect((await api.as('editor', 'PUT', path, other)).json.code).toBe('idempotency_conflict');
    expect(await storedOf(id)).toMatchObject({ drafts: 0, command_texts: 0 });
  });
});

describe('a draft whose file is tidied while it is sent', () => {
  it('is told that there is no such file, as when it never was, and is not kept', async () => {
    const { db } = api.engine.deps;
    const { workspaceId } = api.engine.workspace;
    const hash = 'f'.repeat(64);
    const file = { hash, kind: 'written', mediaType: 'text/plain', size: 1 } as const;
    const createdBy = api.engine.workspace.memberOf('creator');
    await insertAsset(db, { workspaceId, createdBy, ...file });
    const id = await api.engine.start();
    await toCreation(api.engine, id);
    const { $client: pool } = db;
    if (!(pool instanceof Pool)) throw new Error('the engine works over a pool');
    const tidying = await pool.connect();
    await tidying.query('begin');
    await tidying.query('delete from assets where workspace_id = $1 and hash = $2', [
      workspaceId,
      hash,
    ]);
    const draft = makeDraft({ assets: [{ hash, kind: 'written', rights: 'own' }] });
    const sent = api.as('creator', 'PUT', `/v1/items/${id}/draft`, { body: draft });
    // Its check saw the file; only the lock of the record keeps it back now.
    const { rows } = await tidying.query('select pg_backend_pid() as pid');
    await eventually(async () => {
      const { rowCount } = await pool.query(
        'select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))',
        [rows[0].pid],
      );
      return rowCount === 1;
    });
    await tidying.query('commit');
    tidying.release();
    const { status, json } = await sent;
    const message = 'no such asset: upload it first';
    expect([status, json.issues]).toEqual([400, [{ path: 'assets.0.hash', message }]]);
    expect(await storedOf(id)).toMatchObject({ drafts: 0, command_texts: 0 });
  });
});

describe('a text that someone else sent before', () => {
  it('makes them its author: the editor whose text was refused may not approve it', async () => {
    const id = await api.engine.start();
    await toCreation(api.engine, id);
    const draft = makeDraft({ title: 'written by the editor' });
    await leavesNothing(id, 'editor', ['PUT', '/draft', draft]);
    const saved = await api.ok('creator', 'PUT', `/v1/items/${id}/draft`, draft);
    const shown = await api.as('creator', 'GET', `/v1/items/${id}/draft`);
    expect(shown.json).toMatchObject({ version: 1, hash: saved.hash });
    expect(shown.json.authorId).toBe(api.engine.callerFor('creator').memberId);
    const submitted = await api.as('creator', 'POST', `/v1/items/${id}/handoffs`, {
      body: { checklist: tickedChecklist('review') },
    });
    // The only editor wrote it, so the gate has nobody to ask.
    expect(submitted.json.unmet).toMatchObject([{ code: 'approvers_exist', role: 'editor' }]);
  });
});
