import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBrief, makeDraft, tickedChecklist } from '../support/content.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { toCreation, toScheduled } from '../support/item-story.ts';

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

async function start(): Promise<string> {
  return (await api.ok('strategist', 'POST', '/v1/items', { title: 'Over HTTP' })).item.id;
}

describe('saves', () => {
  it('honour If-Match: the version that was seen, or 412', async () => {
    const id = await start();
    const path = `/v1/items/${id}/brief`;
    const put = (keyMessage: string, ifMatch?: string) =>
      api.as('strategist', 'PUT', path, {
        body: makeBrief({ keyMessage }),
        ...(ifMatch !== undefined && { headers: { 'if-match': ifMatch } }),
      });
    expect((await put('none yet', '*')).status).toBe(412);
    const first = await put('one');
    const etag = first.headers.get('etag') ?? '';
    const second = await put('two', etag);
    expect(second.json.version).toBe(2);
    const lost = await put('three', etag);
    expect(lost.status).toBe(412);
    expect(lost.json).toMatchObject({ code: 'version_conflict', current: second.json.hash });
    expect((await put('four', `W/${second.headers.get('etag')}`)).status).toBe(412);
    expect((await put('five', '"a", "b"')).status).toBe(400);
    const [left, right] = await Promise.all([
      put('six', `"${second.json.hash}"`),
      put('seven', `"${second.json.hash}"`),
    ]);
    expect([left.status, right.status].sort()).toEqual([200, 412]);
    const identical = await put('two');
    expect(identical.status).toBe(200);
    expect(identical.json.hash).toBe(second.json.hash);
  });

  it('count a file as what its bytes are: a text is no video, whatever the draft calls it', async () => {
    const id = await start();
    await toCreation(api.engine, id);
    const upload = await api.as('creator', 'POST', '/v1/assets', {
      body: `a text called video ${id}`,
      headers: { 'content-type': 'text/plain' },
    });
    const save = (kind: string) =>
      api.as('creator', 'PUT', `/v1/items/${id}/draft`, {
        body: makeDraft({
          assets: [{ hash: upload.json.hash, kind, rights: 'own' }],
        } as Parameters<typeof makeDraft>[0]),
      });
    for (const kind of ['video', 'visual', 'audio']) {
      const refused = await save(kind);
      expect(refused.status).toBe(400);
      expect(refused.json.issues).toEqual([
        {
          path: 'assets.0.kind',
          message: `the file is text/plain, stored as written: it is no ${kind}`,
        },
      ]);
    }
    expect((await save('written')).status).toBe(200);
  });

  it('of a plan honour it as well', async () => {
    const id = await start();
    await toScheduled(api.engine, id);
    const path = `/v1/items/${id}/schedule`;
    const etag = (await api.as('editor', 'GET', path)).headers.get('etag') ?? '';
    const put = (minutes: number, ifMatch: string) =>
      api.as('social_media_manager', 'PUT', path, {
        body: {
          publications: [
            {
              channelAccountId: api.engine.channelAccountId,
              at: new Date(Date.now() + minutes * 60_000).toISOString(),
            },
          ],
        },
        headers: { 'if-match': ifMatch },
      });
    const moved = await put(120, etag);
    expect(moved.status).toBe(200);
    expect(moved.json.publications[0].id).toBe(`pub_${id.slice(4)}_1`);
    expect((await put(180, etag)).status).toBe(412);
    expect((await put(180, moved.headers.get('etag') ?? '')).status).toBe(200);
    const taken = await api.ok('social_media_manager', 'DELETE', path, { reason: 'not now' });
    expect(taken.stage).toBe('scheduling');
  });

  it('say which wall times do not exist, and which exist twice', async () => {
    const id = await start();
    await toScheduled(api.engine, id);
    const put = (local: string, zone = 'Europe/Paris') =>
      api.as('social_media_manager', 'PUT', `/v1/items/${id}/schedule`, {
        body: { publications: [{ channelAccountId: api.engine.channelAccountId, local, zone }] },
      });
    const gap = await put('2030-03-31T02:30:00');
    expect(gap.status).toBe(400);
    expect(gap.json.issues[0]).toMatchObject({
      path: 'publications.0.local',
      choices: [expect.any(String), expect.any(String)],
    });
    expect((await put('2030-10-27T02:30:00')).json.issues[0].choices).toHaveLength(2);
    expect((await put('2030-10-27T02:30:00', 'Mars/Olympus')).json.issues[0].path).toBe(
      'publications.0.zone',
    );
    const past = await api.as('social_media_manager', 'PUT', `/v1/items/${id}/schedule`, {
      body: {
        publications: [
          { channelAccountId: api.engine.channelAccountId, at: '2020-01-01T00:00:00Z' },
        ],
      },
    });
    expect(past.status).toBe(409);
    expect(past.json.unmet).toMatchObject([{ code: 'slot_in_future' }]);
    const both = await api.as('social_media_manager', 'PUT', `/v1/items/${id}/schedule`, {
      body: { publications: [{ channelAccountId: api.engine.channelAccountId }] },
    });
    expect(both.status).toBe(400);
  });
});

describe('an idempotency key of a command', () => {
  it('gets the first answer again, refusals too, and is a conflict for another body', async () => {
    const id = await start();
    const path = `/v1/items/${id}/handoffs`;
    const headers = { 'idempotency-key': randomUUID() };
    const body = { checklist: tickedChecklist('brief') };
    const refused = await api.as('strategist', 'POST', path, { body, headers });
    expect(refused.status).toBe(409);
    await api.ok('strategist', 'PUT', `/v1/items/${id}/brief`, makeBrief());
    const again = await api.as('strategist', 'POST', path, { body, headers });
    expect({ ...again.json, requestId: '' }).toEqual({ ...refused.json, requestId: '' });
    const other = await api.as('strategist', 'POST', path, {
      body: { ...body, note: 'x' },
      headers,
    });
    expect(other.status).toBe(409);
    expect(other.json.code).toBe('idempotency_conflict');
  });

  it('is used up by a body that never became a command, and the other way round', async () => {
    const id = await start();
    const path = `/v1/items/${id}/brief`;
    const headers = { 'idempotency-key': randomUUID() };
    const put = (body: object, key = headers) =>
      api.as('strategist', 'PUT', path, { body, headers: key });
    const refused = await put({ goal: 'none of ours' });
    expect(refused.status).toBe(400);
    const together = await Promise.all(
      Array.from({ length: 5 }, () => put({ goal: 'none of ours' })),
    );
    for (const { status, json } of together) {
      expect([status, json.issues]).toEqual([400, refused.json.issues]);
    }
    expect((await put(makeBrief())).json.code).toBe('idempotency_conflict');
    const applied = { 'idempotency-key': randomUUID() };
    expect((await put(makeBrief(), applied)).status).toBe(200);
    expect((await put({ goal: 'none of ours' }, applied)).json.code).toBe('idempotency_conflict');
    expect((await put(makeBrief(), applied)).status).toBe(200);
  });

  it('is not used up by a version that someone saved in between', async () => {
    const id = await start();
    const path = `/v1/items/${id}/brief`;
    const headers = { 'idempotency-key': randomUUID() };
    const save = (ifMatch: string) =>
      api.as('strategist', 'PUT', path, {
        body: makeBrief(),
        headers: { ...headers, 'if-match': ifMatch },
      });
    await api.ok('strategist', 'PUT', path, { objective: 'another' });
    expect((await save(`"${'a'.repeat(64)}"`)).status).toBe(412);
    const { headers: read } = await api.as('strategist', 'GET', path);
    expect((await save(read.get('etag') ?? '')).status).toBe(200);
  });

  it('means the same command when the item has moved on', async () => {
    const id = await start();
    await toCreation(api.engine, id);
    await api.ok('creator', 'PUT', `/v1/items/${id}/draft`, makeDraft());
    const headers = { 'idempotency-key': randomUUID() };
    const submit = () =>
      api.as('creator', 'POST', `/v1/items/${id}/handoffs`, {
        body: { checklist: tickedChecklist('review') },
        headers,
      });
    const replies = await Promise.all(Array.from({ length: 8 }, submit));
    replies.push(await submit());
    for (const { status, text } of replies) expect([status, text]).toEqual([200, replies[0]?.text]);
    const { commandId } = replies[0]?.json ?? {};
    const stored = await api.ok('editor', 'GET', `/v1/commands/${encodeURIComponent(commandId)}`);
    expect(stored).toMatchObject({
      id: commandId,
      state: 'applied',
      type: 'submit_for_review',
      answer: { stage: 'review' },
    });
  });

  it('may be any visible text, and its command is found by it', async () => {
    const id = await start();
    const key = 'a/b?c=d&e%20"f"+~';
    const put = await api.as('strategist', 'PUT', `/v1/items/${id}/brief`, {
      body: makeBrief(),
      headers: { 'idempotency-key': key },
    });
    expect(put.json.commandId).toMatch(/^http:key_[0-9A-Z]+:a\/b/);
    const stored = await api.ok(
      'editor',
      'GET',
      `/v1/commands/${encodeURIComponent(put.json.commandId)}`,
    );
    expect(stored).toMatchObject({ state: 'applied', type: 'save_brief' });
  });
});

describe('a command that nobody answered in time', () => {
  it('says so at its address and in the timeline, and is refused when it is sent again', async () => {
    const id = await start();
    const headers = { 'idempotency-key': randomUUID() };
    const hold = () =>
      api.as('strategist', 'POST', `/v1/items/${id}/hold`, { body: { reason: ' ' }, headers });
    const { commandId } = (await hold()).json;
    const unmet = [{ code: 'command_expired', message: 'nobody answered it' }];
    await api.engine.deps.db.execute(sql`update commands
      set state = 'expired', unmet = ${JSON.stringify(unmet)}::jsonb where id = ${commandId}`);
    const address = `/v1/commands/${encodeURIComponent(commandId)}`;
    expect(await api.ok('editor', 'GET', address)).toMatchObject({ state: 'expired', unmet });
    const { items } = await api.ok('editor', 'GET', `/v1/items/${id}/timeline`);
    expect(items).toContainEqual(expect.objectContaining({ kind: 'refusal', commandId, unmet }));
    expect(await hold()).toMatchObject({ status: 409, json: { code: 'refused', unmet } });
  });
});

describe('without a worker', () => {
  it('a command is stored, answered 202, and applied when one comes', async () => {
    const id = await start();
    await api.engine.stopWorker();
    try {
      const put = await api.as('strategist', 'PUT', `/v1/items/${id}/brief`, { body: makeBrief() });
      expect(put.status).toBe(202);
      expect(put.json).toEqual({ outcome: 'pending', commandId: expect.any(String) });
      const location = put.headers.get('location') ?? '';
      expect((await api.ok('editor', 'GET', location)).state).toBe('pending');
      await api.engine.startWorker();
      await api.engine.drain(put.json.commandId);
      expect(await api.ok('editor', 'GET', location)).toMatchObject({
        state: 'applied',
        answer: { version: 1 },
      });
    } finally {
      await api.engine.stopWorker();
      await api.engine.startWorker();
    }
  });
});
