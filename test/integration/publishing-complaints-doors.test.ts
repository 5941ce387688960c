import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Json } from '../support/api-fixture.ts';
import { makeDraft } from '../support/content.ts';
import { type EngineApi, openEngineApi } from '../support/engine-api.ts';
import { untilTime } from '../support/eventually.ts';
import { DAY_MS, HOUR_MS, toCreation, toReview, toScheduled } from '../support/item-story.ts';

/**
 * What people complain of in other tools, as far as it is about doors: ways to change, approve or plan
 * a post past the rules. One test per complaint or door; the names are the complaints.
 */

let api: EngineApi;
beforeAll(async () => {
  api = await openEngineApi();
});
afterAll(() => api?.close());

describe('deleted or edited posts still published because the run was looked up in an index that lags', () => {
  it.each([
    ['deleted', 'cancelled', 'strategist', 'POST', 'cancel', { reason: 'a recall' }],
    ['edited', 'creation', 'creator', 'PUT', 'draft', makeDraft({ body: 'Other words.' })],
  ] as const)(
    '%s: runs are addressed by id, what is shown comes from tables',
    async (_, stage, role, method, what, body) => {
      const { engine } = api;
      const itemId = await engine.start();
      const at = await toScheduled(engine, itemId, { slotInMs: 5_000 });
      // An index that has not caught up yet: whoever asks it gets nothing.
      const { workflowService } = engine.deps.temporal;
      const index = ['listWorkflowExecutions', 'scanWorkflowExecutions'] as const;
      const asked = index.map((name) =>
        vi.spyOn(workflowService, name).mockResolvedValue({} as never),
      );
      try {
        await api.ok(role, method, `/v1/items/${itemId}/${what}`, body);
        await untilTime(Date.parse(at) + 2_000);
        expect(engine.posts(itemId)).toEqual([]);
        expect((await api.ok('creator', 'GET', `/v1/items/${itemId}`)).stage).toBe(stage);
        expect(asked.map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
      } finally {
        for (const spy of asked) spy.mockRestore();
      }
    },
  );
});

/** The start of a file that is known as a picture. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

describe('bypassing the approval', () => {
  it('by a direct command: the gate opens again, as by every other door', async () => {
    const { engine } = api;
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: HOUR_MS });
    await engine.apply('creator', itemId, 'save_draft', { draft: makeDraft({ body: 'Quickly.' }) });
    expect(await engine.context(itemId)).toMatchObject({
      stage: 'creation',
      approvals: [{ state: 'voided' }],
    });
    await engine.travel(itemId, { byMs: HOUR_MS + 60_000 });
    expect(engine.posts(itemId)).toEqual([]);
  });

  it('by replacing a picture: another file is another hash, and naming it voids the approval', async () => {
    const { engine } = api;
    const upload = async (change: number) => {
      const body = Buffer.concat([PNG, Buffer.from([change])]);
      const headers = { 'content-type': 'image/png' };
      return (await api.as('creator', 'POST', '/v1/assets', { body, headers })).json.hash;
    };
    const withPicture = (hash: string) => ({
      assets: [{ hash, kind: 'visual' as const, altText: 'A loaf', rights: 'own' }],
      variants: [{ channel: 'sandbox' as const, text: 'Three shops.', assets: [hash] }],
    });
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: HOUR_MS, draft: withPicture(await upload(1)) });
    const { contentHash } = await engine.context(itemId);
    const other = await upload(2);
    expect(await engine.context(itemId)).toMatchObject({ stage: 'scheduled', contentHash });

    const path = `/v1/items/${itemId}/draft`;
    await api.ok('creator', 'PUT', path, makeDraft(withPicture(other)));
    const item = await api.ok('creator', 'GET', `/v1/items/${itemId}`);
    expect(item).toMatchObject({ stage: 'creation', approvals: [{ voided: true }] });
    expect(item.draft.contentHash).not.toBe(contentHash);
  });

  it('by import: a file of readings changes no content, and there is no other import', async () => {
    const { engine } = api;
    const itemId = await engine.start();
    await toScheduled(engine, itemId, { slotInMs: HOUR_MS });
    const before = await engine.context(itemId);
    const imported = (body: string) =>
      api.as('strategist', 'POST', `/v1/items/${itemId}/readings`, {
        body,
        headers: { 'content-type': 'text/csv' },
      });
    const asOf = new Date().toISOString();
    const withText = await imported(`measure,value,asOf,text\nsaves,5,${asOf},Buy now!\n`);
    expect([withText.status, withText.json.code]).toEqual([400, 'invalid_request']);
    expect((await imported(`measure,value,asOf\nsaves,5,${asOf}\n`)).status).toBe(201);
    expect(await engine.context(itemId)).toEqual(before);
  });

  it('by a door that nobody thought of: content comes in by three routes, each of them a command', async () => {
    const { json } = await api.call(null, 'GET', '/openapi.json');
    const doors = Object.entries<Json>(json.paths).flatMap(([path, methods]) =>
      Object.entries<Json>(methods).flatMap(([method, { requestBody }]) =>
        /schemas\/(Draft|Brief|Variant)"|"variants"/.test(reach(json, requestBody))
          ? [`${method.toUpperCase()} ${path}`]
          : [],
      ),
    );
    expect(doors.toSorted()).toEqual([
      'POST /v1/items',
      'PUT /v1/items/{id}/brief',
      'PUT /v1/items/{id}/draft',
    ]);
  });

  it('by publishing now: what is not approved is refused, not sent', async () => {
    const { engine } = api;
    const itemId = await engine.start();
    await toReview(engine, itemId);
    const { channelAccountId } = engine;
    const { status, json } = await api.as(
      'social_media_manager',
      'PUT',
      `/v1/items/${itemId}/schedule`,
      { body: { publications: [{ channelAccountId, slot: 'now' }] } },
    );
    expect([status, json.unmet?.[0]?.code]).toEqual([409, 'slot_in_future']);
    expect((await engine.context(itemId)).publications).toEqual([]);
    expect(engine.posts(itemId)).toEqual([]);
  });

  it('by two roles in one person with no trail: refused, and the timeline says who tried', async () => {
    const { engine } = api;
    const itemId = await engine.start();
    const contentHash = await toReview(engine, itemId);
    const memberId = engine.workspace.memberOf('creator');
    const hold = (roles: string[]) =>
      api.ok('strategist', 'PATCH', `/v1/members/${memberId}`, { roles });
    await hold(['creator', 'editor']);
    try {
      const path = `/v1/items/${itemId}/approvals`;
      const body = { role: 'editor', contentHash, decision: 'approve' };
      const { status, json } = await api.as('creator', 'POST', path, { body });
      expect([status, json.unmet?.[0]?.code]).toEqual([403, 'four_eyes']);
      const { items } = await api.ok('editor', 'GET', `/v1/items/${itemId}/timeline`);
      const refusals = items.filter(({ kind }: Json) => kind === 'refusal');
      expect(refusals).toMatchObject([{ actor: memberId, unmet: [{ code: 'four_eyes' }] }]);
      expect((await engine.context(itemId)).stage).toBe('review');
    } finally {
      await hold(['creator']);
    }
  });
});

describe('repeats drifting an hour at daylight saving', () => {
  it('a weekly slot is at nine in Paris before the change and after it', async () => {
    const account = { channel: 'sandbox', name: `account ${randomUUID()}`, zone: 'Europe/Paris' };
    const { id } = await api.ok('social_media_manager', 'POST', '/v1/channel-accounts', account);
    const slots = [6, 7].map((weekday) => ({ weekday, time: '09:00' }));
    await api.ok('social_media_manager', 'PUT', `/v1/channel-accounts/${id}/slots`, { slots });
    const planned: string[] = [];
    for (let index = 0; index < 2; index += 1) {
      const itemId = await api.engine.start();
      // In the weekend of the change: Saturday is winter, Sunday summer.
      await toCreation(api.engine, itemId, { brief: { embargoUntil: '2030-03-30T00:00:00Z' } });
      const { publications } = await api.ok(
        'social_media_manager',
        'PUT',
        `/v1/items/${itemId}/schedule`,
        { publications: [{ channelAccountId: id, slot: 'next' }] },
      );
      planned.push(publications[0].at);
    }
    expect(planned).toEqual(['2030-03-30T08:00:00.000Z', '2030-03-31T07:00:00.000Z']);
    expect(Date.parse(planned[1] ?? '') - Date.parse(planned[0] ?? '')).toBe(DAY_MS - HOUR_MS);
  });
});

/** A schema of the document as text, with the names that it and what it refers to have. */
function reach(document: Json, schema: unknown): string {
  const text = JSON.stringify(schema ?? null);
  const seen = new Set<string>();
  let found = text;
  for (const [, name = ''] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
    if (seen.has(name)) continue;
    seen.add(name);
    found += JSON.stringify(document.components.schemas[name] ?? null);
  }
  return found;
}
