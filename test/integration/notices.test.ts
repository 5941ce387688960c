import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listNoticeSends } from '../../src/db/telling/notice-sends.ts';
import { insertNotices } from '../../src/db/telling/notices.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { startNoticeSender } from '../../src/telling/notice-sender.ts';
import type { Json } from '../support/api-fixture.ts';
import { makeWorkspace, type OpenTestDb, type TestWorkspace } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';
import { dispatchAll, makeToldItem, within } from '../support/told-items.ts';

/** The Slack server of the tests, once it listens. */
const allowedOrigins: string[] = [];

let api: IdleApi;
let database: OpenTestDb;
let workspace: TestWorkspace;
beforeAll(async () => {
  api = await openIdleApi({ settings: { allowedOrigins } });
  ({ workspace } = api);
  database = api.database as OpenTestDb;
});
afterAll(() => api?.close());

const preferences = { channels: {}, digest: 'off', language: 'en', zone: 'UTC' };

async function told(role: string, query = ''): Promise<Json[]> {
  const { json } = await api.as(role, 'GET', `/v1/notifications${query}`);
  return json.items;
}

const ofItem = (list: Json[], id: string) => list.filter(({ itemId }) => itemId === id);

describe('notifications', () => {
  it('tell the receiver of a handoff once, in their language, however often the item is looked at', async () => {
    const saved = await api.as('creator', 'PUT', '/v1/me/preferences', {
      body: { ...preferences, language: 'fr', zone: 'Europe/Paris' },
    });
    expect(saved.status).toBe(200);
    const item = await makeToldItem(database, workspace, 'Titre « <b>»');
    item.offer();
    await item.tell();
    await dispatchAll(database.program);
    const own = ofItem(await told('creator'), item.id);
    expect(own).toHaveLength(1);
    expect(own[0]).toMatchObject({
      kind: 'asked',
      text: '« Titre « <b>» » vous est proposé : acceptez ou refusez la passation.',
      about: { handoffId: item.run.context.handoffs[0]?.id, for: 'accept_handoff' },
    });
    expect(ofItem(await told('editor'), item.id)).toEqual([]);
  });

  it('are marked as read one by one, and all up to an instant', async () => {
    const item = await makeToldItem(database, workspace);
    item.offer();
    item.accept();
    item.submit();
    await item.tell();
    const [one] = ofItem(await told('editor', '?unread=true'), item.id);
    const path = `/v1/notifications/${one.id}/read`;
    const first = await api.as('editor', 'POST', path);
    expect(first.json.readAt).toBeDefined();
    expect((await api.as('editor', 'POST', path)).json).toEqual(first.json);
    expect(ofItem(await told('editor', '?unread=true'), item.id)).toEqual([]);
    expect(ofItem(await told('editor', '?unread=false'), item.id)).toHaveLength(1);
    const all = await api.as('strategist', 'POST', '/v1/notifications/read', {
      body: { until: new Date(Date.now() + 60_000).toISOString() },
    });
    expect(all.json.marked).toBeGreaterThan(0);
    expect(await told('strategist', '?unread=true')).toEqual([]);
  });

  it('that only leave by mail or Slack are not marked as read here, which would cancel them', async () => {
    const { workspaceId } = workspace;
    const memberId = workspace.memberOf('social_media_manager');
    const [sent] = await insertNotices(database.db, [
      {
        workspaceId,
        memberId,
        itemId: null,
        kind: 'finding',
        cause: 'a finding',
        waitKey: null,
        textKey: 'finding',
        about: { code: 'C', severity: 'high', message: 'look at it' },
        inApp: false,
      },
    ]);
    const body = { until: new Date(Date.now() + 60_000).toISOString() };
    const by = (path: string, options = {}) =>
      api.as('social_media_manager', 'POST', `/v1/notifications/${path}`, options);
    await by('read', { body });
    expect((await by('read', { body })).json.marked).toBe(0);
    expect((await by(`${sent?.id}/read`)).status).toBe(404);
    const { rows } = await database.pool.query('select read_at from notices where id = $1', [
      sent?.id,
    ]);
    expect(rows).toEqual([{ read_at: null }]);
  });

  it('are nobody else’s to read', async () => {
    const item = await makeToldItem(database, workspace);
    item.offer();
    await item.tell();
    const [one] = ofItem(await told('creator'), item.id);
    const path = `/v1/notifications/${one.id}/read`;
    expect((await api.as('editor', 'POST', path)).status).toBe(404);
    const other = await makeWorkspace(database.db);
    const foreign = other.members.find(({ role }) => role === 'creator')?.key ?? '';
    expect((await api.call(foreign, 'POST', path)).status).toBe(404);
    expect((await api.call(foreign, 'GET', '/v1/notifications')).json.items).toEqual([]);
    expect((await api.call(null, 'GET', '/v1/notifications')).status).toBe(401);
    expect((await api.as('creator', 'GET', '/v1/notification-sends')).status).toBe(403);
  });

  it('refuse a limit, a cursor, and an instant that are none', async () => {
    for (const query of ['?limit=201', '?cursor=x', '?unread=perhaps']) {
      expect((await api.as('creator', 'GET', `/v1/notifications${query}`)).status).toBe(400);
    }
    const body = { until: 'yesterday' };
    expect((await api.as('creator', 'POST', '/v1/notifications/read', { body })).status).toBe(400);
  });
});

describe('preferences', () => {
  it('are the usual ones until they are chosen, and say who the caller is', async () => {
    const { json } = await api.as('editor', 'GET', '/v1/me/preferences');
    expect(json).toMatchObject({ digest: 'off', language: 'en', zone: 'UTC', hasSlackUrl: false });
    expect(json.channels.published).toEqual(['in_app']);
    const me = await api.as('editor', 'GET', '/v1/me');
    expect(me.json).toMatchObject({
      member: { id: workspace.memberOf('editor'), email: null },
      roles: ['editor'],
      workspace: { id: workspace.workspaceId },
    });
  });

  it.each([
    ['zone', { ...preferences, zone: 'Europe/Atlantis' }],
    ['language', { ...preferences, language: 'de' }],
    ['quietHours.from', { ...preferences, quietHours: { from: '24:00', to: '08:00' } }],
    ['channels.asked.0', { ...preferences, channels: { asked: ['pigeon'] } }],
    ['channels.asked', { ...preferences, channels: { asked: ['email', 'email'] } }],
    ['slackUrl', { ...preferences, slackUrl: 'file:///etc/passwd' }],
    ['slackUrl', { ...preferences, slackUrl: 'https://user:secret@hooks.slack.com/x' }],
  ])('refuse what is wrong with %s', async (path, body) => {
    const { status, json } = await api.as('editor', 'PUT', '/v1/me/preferences', { body });
    expect(status).toBe(400);
    expect(json.issues[0].path).toBe(path);
  });

  it('never show the address of a Slack channel, which is sealed', async () => {
    const slackUrl = 'https://hooks.slack.com/services/T0/B0/very-secret';
    const body = { ...preferences, slackUrl };
    const saved = await api.as('editor', 'PUT', '/v1/me/preferences', { body });
    expect(saved.json.hasSlackUrl).toBe(true);
    expect(saved.text).not.toContain('very-secret');
    const { rows } = await database.pool.query('select sealed_slack_url from member_preferences');
    expect(JSON.stringify(rows)).not.toContain('very-secret');
    const kept = await api.as('editor', 'PUT', '/v1/me/preferences', { body: preferences });
    expect(kept.json.hasSlackUrl).toBe(true);
    const removed = { ...preferences, slackUrl: null };
    const gone = await api.as('editor', 'PUT', '/v1/me/preferences', { body: removed });
    expect(gone.json.hasSlackUrl).toBe(false);
  });

  it('let only an admin say where the workspace’s Slack messages go', async () => {
    const body = { url: 'https://hooks.slack.com/services/T0/B0/shared' };
    const refused = await api.as('editor', 'PUT', '/v1/slack-channel', { body: { url: 'x' } });
    expect(refused.status).toBe(403);
    expect((await api.as('strategist', 'PUT', '/v1/slack-channel', { body })).status).toBe(200);
    expect((await api.as('strategist', 'DELETE', '/v1/slack-channel')).status).toBe(204);
    expect((await api.as('strategist', 'DELETE', '/v1/slack-channel')).status).toBe(404);
  });

  it('a mail address is a member’s when an admin says so, and is one', async () => {
    const path = `/v1/members/${workspace.memberOf('creator')}`;
    const wrong = { email: 'creator@example.com\nBcc: all@example.com' };
    expect((await api.as('strategist', 'PATCH', path, { body: wrong })).status).toBe(400);
    const body = { email: 'creator@example.com', zone: 'Europe/Paris' };
    expect((await api.as('strategist', 'PATCH', path, { body })).json).toMatchObject(body);
    expect((await api.as('creator', 'PATCH', path, { body })).status).toBe(403);
    await api.as('strategist', 'PATCH', path, { body: { email: null } });
  });
});

describe('Slack messages', () => {
  let slack: Server;
  let origin: string;
  let answer: { status: number; headers?: Record<string, string> } = { status: 200 };
  const posted: Json[] = [];
  beforeAll(async () => {
    slack = createServer((request, response) => {
      void text(request).then((body) => {
        posted.push({ path: request.url, ...JSON.parse(body) });
        response.writeHead(answer.status, answer.headers).end('ok');
      });
    });
    await new Promise<void>((resolve) => slack.listen(0, '127.0.0.1', resolve));
    // Listening on an address, not on a pipe.
    origin = `http://127.0.0.1:${(slack.address() as AddressInfo).port}`;
    allowedOrigins.push(origin);
    const channels = { asked: ['in_app', 'slack'], returned: ['slack'] };
    for (const role of ['editor', 'creator']) {
      const body = {
        ...preferences,
        channels,
        ...(role === 'editor' && { slackUrl: `${origin}/own` }),
      };
      const { status } = await api.as(role, 'PUT', '/v1/me/preferences', { body });
      if (status !== 200) throw new Error(`preferences: ${status}`);
    }
    await api.as('strategist', 'PUT', '/v1/slack-channel', { body: { url: `${origin}/shared` } });
  });
  afterAll(() => slack?.close());

  function sender(allowed: readonly string[] = [origin]) {
    const http = createHttpClient({ allowedOrigins: allowed });
    const { secrets } = api;
    const log = { warn: () => {} };
    const deps = { db: database.program, secrets, http, mailer: null, log };
    return startNoticeSender(deps, { pauseMs: 20, retryAfterMs: 20 });
  }

  const sendsOf = async (memberId: string) =>
    (
      await within(workspace, () =>
        listNoticeSends(database.program, { workspaceId: workspace.workspaceId, limit: 200 }),
      )
    ).items.filter((send) => send.memberId === memberId);

  it('go to the member’s own channel, with buttons that carry the decision, escaped', async () => {
    const item = await makeToldItem(database, workspace, '<!channel> *bold* & <https://x|y>');
    item.offer();
    item.accept();
    item.submit();
    await item.tell();
    const line = sender();
    const message = await eventually(
      () => posted.find((one) => JSON.stringify(one).includes(item.id)) ?? null,
    );
    await line.stop();
    expect(message.path).toBe('/own');
    const [section, actions] = message.blocks;
    expect(section.text.text).toContain('&lt;!channel&gt;');
    expect(section.text.text).not.toMatch(/<[!@h]/);
    const [approve, change] = actions.elements;
    const { contentHash } = item.run.context;
    expect(JSON.parse(approve.value)).toEqual({
      type: 'decide_approval',
      itemId: item.id,
      role: 'editor',
      contentHash,
      decision: 'approve',
    });
    expect(JSON.parse(change.value)).toMatchObject({
      decision: 'request_changes',
      reason: 'off_brief',
    });
  });

  it('that a server refuses for now are sent again, those it refuses for good are failed and listed', async () => {
    const editor = workspace.memberOf('editor');
    answer = { status: 503 };
    const item = await makeToldItem(database, workspace);
    item.offer();
    item.accept();
    item.submit();
    await item.tell();
    const line = sender();
    const pending = () =>
      sendsOf(editor).then((sends) => sends.find(({ state }) => state === 'pending'));
    await eventually(async () => ((await pending())?.attempts ?? 0) >= 2);
    answer = { status: 200 };
    await eventually(async () => (await pending()) === undefined);
    answer = { status: 410 };
    const gone = await makeToldItem(database, workspace);
    gone.offer();
    gone.accept();
    gone.submit();
    await gone.tell();
    await eventually(async () => {
      const { json } = await api.as('strategist', 'GET', '/v1/notification-sends?state=failed');
      return json.items.some(
        (send: Json) => send.memberId === editor && send.lastError === 'Slack answered 410',
      );
    });
    answer = { status: 200 };
    await line.stop();
  });

  it('whose cause is settled are not sent, those beside them are', async () => {
    const [settled, open] = await Promise.all([
      makeToldItem(database, workspace),
      makeToldItem(database, workspace),
    ]);
    for (const item of [settled, open]) {
      item.offer();
      await item.tell();
    }
    settled.accept();
    await settled.tell();
    const line = sender();
    const creator = workspace.memberOf('creator');
    const sends = await eventually(async () => {
      const all = await sendsOf(creator);
      return all.every(({ state }) => state !== 'pending') && all;
    });
    await line.stop();
    expect(sends.map(({ lastError }) => lastError)).toContain('its cause is settled');
    const about = (id: string) => posted.filter((one) => JSON.stringify(one).includes(id));
    expect(about(settled.id)).toEqual([]);
    expect(about(open.id).map((one) => one.path)).toEqual(['/shared']);
  });

  it('never go to an address inside, whatever was stored', async () => {
    const item = await makeToldItem(database, workspace);
    item.offer();
    await item.tell();
    const before = posted.length;
    const line = sender([]);
    const creator = workspace.memberOf('creator');
    await eventually(async () => {
      const sends = await sendsOf(creator);
      return sends.some(({ lastError }) => lastError === 'scheme_not_allowed');
    });
    await line.stop();
    expect(posted.length).toBe(before);
  });

  it('are sent once by two senders at once', async () => {
    const items = await Promise.all(
      Array.from({ length: 5 }, () => makeToldItem(database, workspace)),
    );
    for (const item of items) {
      item.offer();
      await item.tell();
    }
    const lines = [sender(), sender(), sender()];
    const creator = workspace.memberOf('creator');
    await eventually(async () =>
      (await sendsOf(creator)).every(({ state }) => state !== 'pending'),
    );
    await Promise.all(lines.map((line) => line.stop()));
    for (const { id } of items) {
      expect(posted.filter((one) => JSON.stringify(one).includes(id))).toHaveLength(1);
    }
  });
});
