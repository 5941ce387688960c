import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAudit } from '../../src/audit/audit.ts';
import { createCommandSender } from '../../src/commands/command-sender.ts';
import { inTransaction } from '../../src/db/transaction.ts';
import { STANDARD_PLAYBOOK } from '../../src/domain/playbook/standard.ts';
import { countRows, type Json, openApi, type Reply } from '../support/api-fixture.ts';
import { makeDraft, tickedChecklist } from '../support/content.ts';
import { makeWorkspace } from '../support/db-fixture.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { failedTasksOf } from '../support/failed-workflow-tasks.ts';
import { toCreation, toReview } from '../support/item-story.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(async () => {
  const failed = api && (await failedTasksOf(api.engine).finally(() => api.close()));
  expect(failed).toEqual([]);
});

interface Link {
  id: string;
  path: string;
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const ada = { role: 'editor', name: 'Ada Martin', email: 'Ada@Lawyers.example' };

async function reviewed(body: object = {}): Promise<string> {
  const { item } = await api.ok('strategist', 'POST', '/v1/items', { title: 'By link', ...body });
  await toReview(api.engine, item.id);
  return item.id;
}

async function makeLink(
  itemId: string,
  body: object = ada,
  by: 'strategist' | 'editor' = 'strategist',
): Promise<Link> {
  const made = await api.ok(by, 'POST', `/v1/items/${itemId}/approval-links`, body);
  return { id: made.id, path: new URL(made.url).pathname };
}

const show = ({ path }: Link, headers: Record<string, string> = {}) =>
  api.call(null, 'GET', path, { headers });

function decide(
  { path }: Link,
  fields: Record<string, string> = { decision: 'approve' },
  {
    headers = {},
    through = api,
  }: { headers?: Record<string, string>; through?: Pick<EngineApi, 'call'> } = {},
): Promise<Reply> {
  const body = new URLSearchParams(fields).toString();
  return through.call(null, 'POST', path, { body, headers: { ...FORM, ...headers } });
}

const linksOf = async (itemId: string): Promise<Json[]> =>
  (await api.ok('strategist', 'GET', `/v1/items/${itemId}/approval-links`)).items;

const decisionsOf = async (itemId: string) =>
  (await api.engine.chain(itemId)).filter(({ type }) => type === 'approval.decided');

describe('an approval link', () => {
  it('shows the content, and decides through the command path, once', async () => {
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    const page = await show(link);
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
    expect(page.text).toContain(makeDraft().title);
    const approved = await decide(link, { decision: 'approve', reason: '', comment: 'fine by me' });
    expect(approved.status, approved.text).toBe(200);
    expect(approved.text).toContain('You approved');
    const [event] = await decisionsOf(itemId);
    expect(event).toMatchObject({ actor: `external:${link.id}`, commandId: `link:${link.id}` });
    expect((await api.engine.item(itemId)).stage).toBe('scheduling');
    for (const again of [await show(link), await decide(link, { decision: 'approve' })]) {
      expect([again.status, /You approved/.test(again.text)]).toEqual([410, true]);
    }
    expect(await decisionsOf(itemId)).toHaveLength(1);
    const [comment] = (await api.ok('strategist', 'GET', `/v1/items/${itemId}/comments`)).items;
    expect(comment).toMatchObject({ authorId: `external:${link.id}`, text: 'fine by me' });
    const timeline = await api.ok('strategist', 'GET', `/v1/items/${itemId}/timeline?limit=200`);
    const entry = timeline.items.find(({ type }: Json) => type === 'approval.decided');
    const issuedBy = api.engine.workspace.memberOf('strategist');
    expect(entry.via).toEqual({ linkId: link.id, name: 'Ada Martin', issuedBy });
    expect(await linksOf(itemId)).toMatchObject([
      {
        id: link.id,
        name: 'Ada Martin',
        email: 'ada@lawyers.example',
        state: 'used',
        decision: { decision: 'approve', outcome: 'applied' },
      },
    ]);
  });

  it('is used again after a backup that forgot its decision is repaired', async () => {
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    expect((await decide(link)).status).toBe(200);
    const [decided] = await decisionsOf(itemId);
    await inTransaction(api.engine.deps.db, async (tx) => {
      await tx.execute(sql`set local session_replication_role = replica`);
      await tx.execute(
        sql`delete from item_events where item_id = ${itemId} and seq >= ${decided?.seq}`,
      );
      await tx.execute(sql`delete from commands where id = ${`link:${link.id}`}`);
    });
    const audit = createAudit(api.engine.deps);
    // A gap may heal by itself for some minutes.
    const now = new Date(Date.now() + 3_600_000).toISOString();
    const { workspaceId } = api.engine.workspace;
    const filters = { code: 'event_gap' as const, itemId };
    const { items: found } = await audit.stuck({ workspaceId, now, limit: 10, filters });
    const caller = { ...api.engine.callerFor('strategist'), roles: ['admin' as const] };
    const order = { repair: 'rebuild_row' as const, reason: 'an old backup', now };
    const done = await audit.repair({ caller, findingId: found[0]?.id ?? '', ...order });
    expect(done).toMatchObject({ outcome: 'done', stillFound: false });
    expect(await decisionsOf(itemId)).toEqual([decided]);
    const again = await decide(link);
    expect([again.status, /You approved/.test(again.text)]).toEqual([410, true]);
    const row = sql`select source, actor_id from commands where id = ${`link:${link.id}`}`;
    const { rows } = await api.engine.deps.db.execute(row);
    expect(rows).toEqual([{ source: 'link', actor_id: `external:${link.id}` }]);
  });

  it('requests changes with a reason, and not without', async () => {
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    const bare = await decide(link, { decision: 'request_changes', reason: '' });
    expect([bare.status, /needs a reason/.test(bare.text)]).toEqual([400, true]);
    const reply = await decide(
      link,
      { decision: 'request_changes', reason: 'legal_risk' },
      { headers: { 'accept-language': 'fr' } },
    );
    expect([reply.status, /demandé des modifications/.test(reply.text)]).toEqual([200, true]);
    expect((await api.engine.item(itemId)).stage).toBe('creation');
    expect((await decisionsOf(itemId))[0]?.data).toMatchObject({ reason: 'legal_risk' });
  });

  it('decides nothing when a scanner gets it a thousand times', async () => {
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    const before = await api.engine.item(itemId);
    const commands = await countRows(api.engine.deps.db, 'commands');
    for (let batch = 0; batch < 40; batch += 1) {
      const looks = Array.from({ length: 25 }, (_, index) =>
        api.call(null, index % 2 === 0 ? 'GET' : 'HEAD', link.path),
      );
      for (const { status } of await Promise.all(looks)) expect(status).toBe(200);
    }
    expect((await api.engine.item(itemId)).seq).toBe(before.seq);
    expect(await countRows(api.engine.deps.db, 'commands')).toBe(commands);
    expect((await linksOf(itemId))[0]).toMatchObject({ state: 'open' });
  });

  it('makes one decision of twenty answers at once', async () => {
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        decide(
          link,
          index % 2 === 0
            ? { decision: 'approve' }
            : { decision: 'request_changes', reason: 'seo' },
        ),
      ),
    );
    expect(await decisionsOf(itemId)).toHaveLength(1);
    for (const { status, text } of replies) expect([200, 202, 410], text).toContain(status);
    expect(replies.some(({ status }) => status === 200)).toBe(true);
  });

  it('is void after an edit, also when the old text comes back', async () => {
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    await api.engine.apply('creator', itemId, 'save_draft', {
      draft: makeDraft({ body: 'Another text, for once.' }),
    });
    const reply = await decide(link);
    expect([reply.status, /void/.test(reply.text)]).toEqual([410, true]);
    await api.engine.apply('creator', itemId, 'save_draft', { draft: makeDraft() });
    const checklist = tickedChecklist('review');
    await api.engine.apply('creator', itemId, 'submit_for_review', { checklist });
    expect((await show(link)).status).toBe(410);
    expect((await decide(link)).status).toBe(410);
    expect((await linksOf(itemId))[0]).toMatchObject({ state: 'void' });
    expect(await decisionsOf(itemId)).toEqual([]);
  });

  it('is over when it is revoked, and at its end by the clock of the item', async () => {
    const itemId = await reviewed();
    const [revoked, expiring] = [await makeLink(itemId), await makeLink(itemId)];
    const path = `/v1/items/${itemId}/approval-links/${revoked.id}`;
    expect((await api.as('editor', 'DELETE', path)).status).toBe(403);
    expect((await api.as('strategist', 'DELETE', path)).status).toBe(204);
    expect([(await decide(revoked)).status, (await show(revoked)).status]).toEqual([410, 410]);
    await api.engine.travel(itemId, { byMs: 8 * 86_400_000 });
    const late = await decide(expiring);
    expect([late.status, /expired/.test(late.text)]).toEqual([410, true]);
    expect(await decisionsOf(itemId)).toEqual([]);
    expect((await linksOf(itemId)).map(({ state }) => state)).toEqual(['revoked', 'expired']);
  });

  it('can be revoked by nobody once it is used', async () => {
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    await decide(link);
    const path = `/v1/items/${itemId}/approval-links/${link.id}`;
    expect((await api.as('strategist', 'DELETE', path)).status).toBe(409);
  });

  it('waits while the item is on hold', async () => {
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    await api.engine.apply('editor', itemId, 'hold', { reason: 'an embargo' });
    const held = await decide(link);
    expect([held.status, /on hold/.test(held.text)]).toEqual([409, true]);
    await api.engine.apply('editor', itemId, 'resume', { reason: 'over' });
    expect((await decide(link)).status).toBe(200);
  });

  it('decides once although the API died before it heard the verdict', async () => {
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    const { programDeps } = api.engine;
    const dying = await openApi(
      { ...programDeps, sender: createCommandSender({ ...programDeps, taskQueue: 'nobody' }) },
      { secrets: api.secrets },
    );
    await api.engine.stopWorker();
    const stored = await decide(link, undefined, { through: dying as never });
    await dying.close();
    expect([stored.status, /stored/.test(stored.text)]).toEqual([202, true]);
    expect((await decide(link)).status).toBe(202);
    await api.engine.startWorker();
    await api.engine.drain(`link:${link.id}`);
    const reply = await decide(link);
    expect([reply.status, /You approved/.test(reply.text)]).toEqual([410, true]);
    expect(await decisionsOf(itemId)).toHaveLength(1);
  });
});

describe('two people are needed', () => {
  const name = 'two_editors';
  beforeAll(async () => {
    const gate = [
      { role: 'editor', quorum: { atLeast: 2 }, approvers: [{ name: 'Ada', email: ada.email }] },
    ];
    await api.ok('strategist', 'POST', '/v1/playbooks', { ...STANDARD_PLAYBOOK, name, gate });
  });

  it('and two links to one address, under one name, or of one maker, are one', async () => {
    const itemId = await reviewed({ playbook: name });
    const first = await makeLink(itemId);
    const sameAddress = await makeLink(itemId, {
      ...ada,
      name: 'A. M.',
      email: 'ADA@lawyers.example',
    });
    const sameName = await makeLink(itemId, { role: 'editor', name: ' ada  martin' });
    expect((await decide(first)).status).toBe(200);
    const bo = { role: 'editor', name: 'Bo' };
    const sameMaker = await makeLink(itemId, bo);
    for (const other of [sameAddress, sameName, sameMaker]) {
      const reply = await decide(other);
      expect([reply.status, /decided already/.test(reply.text)]).toEqual([409, true]);
    }
    expect((await decide(await makeLink(itemId, bo, 'editor'))).status).toBe(200);
    expect((await api.engine.item(itemId)).stage).toBe('scheduling');
  });

  it('and a member is no second one by a link to their address', async () => {
    const itemId = await reviewed({ playbook: name });
    const memberId = api.engine.workspace.memberOf('editor');
    await api.ok('strategist', 'PATCH', `/v1/members/${memberId}`, { email: 'Ed@own.example' });
    const link = await makeLink(itemId, { ...ada, name: 'Somebody', email: 'ed@OWN.example' });
    const contentHash = (await api.engine.context(itemId)).contentHash;
    const decision = { role: 'editor', contentHash, decision: 'approve' };
    await api.ok('editor', 'POST', `/v1/items/${itemId}/approvals`, decision);
    const reply = await decide(link);
    expect([reply.status, /decided already/.test(reply.text)]).toEqual([409, true]);
  });

  it('and whoever wrote the piece is none by a link to their address', async () => {
    const itemId = await reviewed();
    const memberId = api.engine.workspace.memberOf('creator');
    await api.ok('strategist', 'PATCH', `/v1/members/${memberId}`, { email: 'cy@own.example' });
    const link = await makeLink(itemId, { ...ada, name: 'Nobody', email: 'cy@own.example' });
    const reply = await decide(link);
    expect([reply.status, /may not approve it/.test(reply.text)]).toEqual([409, true]);
    expect(await decisionsOf(itemId)).toEqual([]);
  });

  it('and whoever made a link is no second one', async () => {
    const itemId = await reviewed({ playbook: name });
    const made = await api.ok('editor', 'POST', `/v1/items/${itemId}/approval-links`, ada);
    const link = { id: made.id, path: new URL(made.url).pathname };
    expect((await decide(link)).status).toBe(200);
    const contentHash = (await api.engine.context(itemId)).contentHash;
    const body = { role: 'editor', contentHash, decision: 'approve' };
    const reply = await api.as('editor', 'POST', `/v1/items/${itemId}/approvals`, { body });
    expect(reply.json.unmet).toMatchObject([{ code: 'not_decided_before' }]);
  });
});

describe('making a link', () => {
  it('is for whoever answers for the review and wrote nothing: rights before content', async () => {
    const itemId = await reviewed();
    const path = `/v1/items/${itemId}/approval-links`;
    for (const role of ['creator', 'social_media_manager'] as const) {
      const reply = await api.as(role, 'POST', path, { body: { nonsense: true } });
      expect([role, reply.status]).toEqual([role, 403]);
    }
    expect((await api.as('editor', 'POST', path, { body: ada })).status).toBe(201);
    const bad = await api.as('strategist', 'POST', path, {
      body: { role: 'chef', name: '', email: 'no', expiresAt: 'soon' },
    });
    expect(bad.json.issues.map(({ path: field }: Json) => field).sort()).toEqual([
      'email',
      'expiresAt',
      'name',
      'role',
    ]);
    const past = { ...ada, expiresAt: '2020-01-01T00:00:00Z' };
    const far = { ...ada, expiresAt: new Date(Date.now() + 15 * 86_400_000).toISOString() };
    for (const body of [past, far]) {
      expect((await api.as('strategist', 'POST', path, { body })).status).toBe(400);
    }
  });

  it('is refused before review, and where the gate asks for a sign-in', async () => {
    const { item } = await api.ok('strategist', 'POST', '/v1/items', { title: 'Early' });
    await toCreation(api.engine, item.id);
    const early = await api.as('strategist', 'POST', `/v1/items/${item.id}/approval-links`, {
      body: ada,
    });
    expect([early.status, early.json.unmet[0].code]).toEqual([409, 'in_stage']);
    const gate = [{ role: 'editor', quorum: 'any', signIn: true }];
    await api.ok('strategist', 'POST', '/v1/playbooks', {
      ...STANDARD_PLAYBOOK,
      name: 'high_risk',
      gate,
    });
    const itemId = await reviewed({ playbook: 'high_risk' });
    const reply = await api.as('strategist', 'POST', `/v1/items/${itemId}/approval-links`, {
      body: ada,
    });
    expect(reply.json.unmet).toMatchObject([{ code: 'signed_in' }]);
  });

  it('gives the same address to the same key, and keeps it nowhere else', async () => {
    const itemId = await reviewed();
    const path = `/v1/items/${itemId}/approval-links`;
    const headers = { 'idempotency-key': 'once' };
    const first = await api.as('strategist', 'POST', path, { body: ada, headers });
    const again = await api.as('strategist', 'POST', path, { body: ada, headers });
    expect(again.json).toEqual(first.json);
    const token = new URL(first.json.url).pathname.split('/')[2] ?? '';
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(JSON.stringify(await linksOf(itemId))).not.toContain(token);
    await api.call(null, 'GET', `/approve/${token}`);
    expect(JSON.stringify(api.logged)).not.toContain(token);
    const { rows } = await api.engine.deps.db.$client.query(
      'select row_to_json(l)::text as row from approval_links l where item_id = $1',
      [itemId],
    );
    expect(rows.map(({ row }) => row).join()).not.toContain(token);
  });
});

describe('a stranger', () => {
  it('finds no link by a token of none, and learns nothing else', async () => {
    for (const token of ['x', 'A'.repeat(43), `${'A'.repeat(42)}%2e`, 'A'.repeat(400)]) {
      const link = { id: '', path: `/approve/${token}` };
      for (const reply of [await show(link), await decide(link)]) {
        expect([token, reply.status]).toEqual([token, 404]);
      }
    }
  });

  it('of another workspace sees, makes and revokes nothing', async () => {
    const other = await makeWorkspace(api.engine.deps.db);
    const key = other.members.find(({ role }) => role === 'strategist')?.key ?? null;
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    const path = `/v1/items/${itemId}/approval-links`;
    const statuses = [
      await api.call(key, 'GET', path),
      await api.call(key, 'POST', path, { body: ada }),
      await api.call(key, 'DELETE', `${path}/${link.id}`),
    ].map(({ status }) => status);
    expect(statuses).toEqual([404, 404, 404]);
  });

  it('cannot make a browser send the form from another site', async () => {
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site', origin: 'null' },
      { origin: 'https://evil.example' },
    ]) {
      const reply = await decide(link, undefined, { headers: headers as Record<string, string> });
      expect([headers, reply.status]).toEqual([headers, 403]);
    }
    expect(await decisionsOf(itemId)).toEqual([]);
    // What browsers say of our own page, which sends no referrer: newer ones, and older ones.
    for (const own of [{ 'sec-fetch-site': 'same-origin', origin: 'null' }, { origin: 'null' }]) {
      const next = await makeLink(await reviewed());
      const reply = await decide(next, undefined, { headers: own as Record<string, string> });
      expect(reply.status).toBe(200);
    }
  });

  it('gets a form wrong in every way, and the link stays open', async () => {
    const itemId = await reviewed();
    const link = await makeLink(itemId);
    const send = (body: string, headers: Record<string, string> = FORM) =>
      api.call(null, 'POST', link.path, { body, headers });
    for (const body of [
      '',
      'decision=maybe',
      'decision=approve&decision=request_changes',
      'decision=approve&role=legal',
      'decision=request_changes&reason=because',
      `decision=approve&comment=${'x'.repeat(10_001)}`,
    ]) {
      expect([body.slice(0, 60), (await send(body)).status]).toEqual([body.slice(0, 60), 400]);
    }
    const json = { 'content-type': 'application/json' };
    expect((await send('{"decision":"approve"}', json)).status).toBe(415);
    expect((await send(`decision=approve&comment=${'x'.repeat(300_000)}`)).status).toBe(413);
    expect((await show(link)).status).toBe(200);
  });
});
