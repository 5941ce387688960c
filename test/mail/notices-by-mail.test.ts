import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSecretBox } from '../../src/credentials/secret-box.ts';
import { slackPurpose } from '../../src/credentials/slack-purpose.ts';
import { listNoticeSends, type NoticeSendRow } from '../../src/db/telling/notice-sends.ts';
import { NO_CHOICE, savePreferences } from '../../src/db/telling/preferences.ts';
import { updateMember } from '../../src/db/workspace/members.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { createMailer } from '../../src/telling/mail.ts';
import { startNoticeSender } from '../../src/telling/notice-sender.ts';
import {
  makeWorkspace,
  type OpenTestDb,
  openTestDb,
  type TestWorkspace,
} from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { dispatchAll, makeToldItem, type ToldItem, within } from '../support/told-items.ts';
import { type Mail, type MailServer, startMailServer } from './mail-server.ts';

let database: OpenTestDb;
let mails: MailServer;
beforeAll(async () => {
  [database, mails] = await Promise.all([openTestDb(8), startMailServer()]);
});
afterAll(async () => {
  await mails?.stop();
  await database?.close();
});

const key = { id: 'testtest', bytes: Buffer.alloc(32, 7) };
const secrets = createSecretBox({ current: key, all: [key] });
const from = 'baton@sender.example';

function senderTo(port: number, { origin = 'http://127.0.0.1:1', deadlineMs = 20_000 } = {}) {
  const settings = { host: '127.0.0.1', port, tls: 'off', login: null, from } as const;
  const mailer = createMailer(settings, { publicUrl: 'https://baton.example', deadlineMs });
  const http = createHttpClient({ allowedOrigins: [origin] });
  const log = { warn: () => {} };
  const deps = { db: database.program, secrets, http, mailer, log };
  return startNoticeSender(deps, { pauseMs: 20, retryAfterMs: 20 });
}

/** A workspace whose members have addresses of its own. */
async function openWorkspace(change: Partial<Record<Role, object>> = {}) {
  const workspace = await makeWorkspace(database.db);
  const { workspaceId, memberOf } = workspace;
  const address = (role: Role) => `${role}.${workspaceId.toLowerCase()}@reader.example`;
  for (const role of ['strategist', 'creator', 'social_media_manager', 'editor'] as const) {
    const member = { workspaceId, memberId: memberOf(role) };
    const known = { email: address(role), ...change[role] };
    await updateMember(database.db, { ...member, change: known });
  }
  await dispatchAll(database.program);
  return { workspace, address };
}

async function offered(workspace: TestWorkspace, title?: string): Promise<ToldItem> {
  const item = await makeToldItem(database, workspace, title);
  item.offer();
  await item.tell();
  return item;
}

function choose(workspace: TestWorkspace, role: Role, choice: object): Promise<unknown> {
  const member = { workspaceId: workspace.workspaceId, memberId: workspace.memberOf(role) };
  return savePreferences(database.db, { ...member, ...NO_CHOICE, ...choice });
}

async function sendsOf(workspace: TestWorkspace, role: Role): Promise<NoticeSendRow[]> {
  const { workspaceId, memberOf } = workspace;
  const { items } = await within(workspace, () =>
    listNoticeSends(database.program, { workspaceId, limit: 200 }),
  );
  return items.filter(({ memberId }) => memberId === memberOf(role));
}

/** Once nothing of the workspace waits for its turn any more. */
function settled(workspace: TestWorkspace, role: Role): Promise<NoticeSendRow[]> {
  return eventually(async () => {
    const sends = await sendsOf(workspace, role);
    return sends.length > 0 && sends.every(({ state }) => state !== 'pending') && sends;
  });
}

/** As if the time had come. */
async function comesDue({ workspaceId }: TestWorkspace): Promise<void> {
  const due = `update notice_sends set due_at = now() where workspace_id = $1 and state = 'pending'`;
  await database.pool.query(due, [workspaceId]);
}

/** The server keeps a mail a moment after it took it. */
function arrived(address: string, count: number, server = mails): Promise<Mail[]> {
  return eventually(async () => {
    const found = await server.to(address);
    return found.length >= count && found;
  });
}

async function only(address: string): Promise<Mail> {
  const [mail, ...more] = await arrived(address, 1);
  if (mail === undefined || more.length > 0) throw new Error(`${more.length + 1} mails`);
  return mail;
}

it('says it in the language of each member, as text and HTML, with headers for machines', async () => {
  const { workspace, address } = await openWorkspace({
    creator: { language: 'fr', zone: 'Europe/Paris' },
  });
  const item = await offered(workspace, 'Élan & Co');
  const sender = senderTo(mails.port);
  await settled(workspace, 'creator');
  item.accept();
  item.submit();
  await item.tell();
  await settled(workspace, 'editor');
  await sender.stop();
  const french = await only(address('creator'));
  expect(french.subject).toBe('« Élan & Co » vous est proposé : acceptez ou refusez la passation.');
  expect(french.text).toContain(`Contenu : https://baton.example/v1/items/${item.id}`);
  expect(french.html).toContain('« Élan &amp; Co »');
  const english = await only(address('editor'));
  expect(english.subject).toBe('“Élan & Co” waits for your approval as Editor.');
  const source = await mails.source(english.id);
  expect(source).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
  expect(source).toMatch(
    /^List-Unsubscribe: <mailto:baton@sender\.example\?subject=unsubscribe>\r?$/m,
  );
  expect(source).toMatch(/^Message-ID: <[0-9a-f]{32}@sender\.example>\r?$/im);
});

it('a title or a name adds no header, no receiver and no markup', async () => {
  const { workspace, address } = await openWorkspace({
    creator: { name: 'Eve"\r\nBcc: name@victim.example\r\n\r\n<x>, other@victim.example' },
  });
  const title =
    'T\r\nBcc: title@victim.example\r\n\r\n<img src=x onerror=alert(1)>\u2028\u202e{role}';
  await offered(workspace, title);
  const sender = senderTo(mails.port);
  await settled(workspace, 'creator');
  await sender.stop();
  const mail = await only(address('creator'));
  expect(mail.envelope.to.map((one) => one.address)).toEqual([address('creator')]);
  const [head = ''] = (await mails.source(mail.id)).split(/\r?\n\r?\n/);
  expect(head).not.toMatch(/^bcc:/im);
  expect(head.match(/^to:/gim)).toHaveLength(1);
  expect(mail.html).not.toContain('<img');
  for (const victim of ['name', 'title', 'other']) {
    expect(await mails.to(`${victim}@victim.example`)).toEqual([]);
  }
});

it('sends one mail for a cause, by however many senders', async () => {
  const { workspace, address } = await openWorkspace();
  const item = await offered(workspace);
  await item.tell();
  await item.tell();
  const senders = [senderTo(mails.port), senderTo(mails.port), senderTo(mails.port)];
  await settled(workspace, 'creator');
  await Promise.all(senders.map((sender) => sender.stop()));
  await only(address('creator'));
});

it('a mail that is repeated after a crash is the same mail', async () => {
  const { workspace, address } = await openWorkspace();
  await offered(workspace);
  const sender = senderTo(mails.port);
  await settled(workspace, 'creator');
  // Its sender died between the server's answer and the row.
  await database.pool.query(
    `update notice_sends set state = 'pending', due_at = now() where workspace_id = $1`,
    [workspace.workspaceId],
  );
  await settled(workspace, 'creator');
  await sender.stop();
  const sources = await Promise.all(
    (await arrived(address('creator'), 2)).map(({ id }) => mails.source(id)),
  );
  const ids = sources.map((source) => /^Message-ID: (<.+>)/im.exec(source)?.[1]);
  expect(ids).toHaveLength(2);
  expect(ids[1]).toBe(ids[0]);
  expect(ids[0]).toBeDefined();
});

it('says nothing of what is settled before it is sent', async () => {
  const { workspace, address } = await openWorkspace();
  const item = await offered(workspace);
  item.accept();
  await item.tell();
  const sender = senderTo(mails.port);
  const sends = await settled(workspace, 'creator');
  await sender.stop();
  expect(sends.map(({ state, lastError }) => [state, lastError])).toEqual([
    ['settled', 'its cause is settled'],
  ]);
  expect(await mails.to(address('creator'))).toEqual([]);
});

it('waits for the end of quiet hours, also of those chosen since', async () => {
  const { workspace, address } = await openWorkspace({ creator: { zone: 'Asia/Kolkata' } });
  const wall = (minutes: number) =>
    new Date(Date.now() + (330 + minutes) * 60_000).toISOString().slice(11, 16);
  const quietHours = { from: wall(-60), to: wall(60) };
  await choose(workspace, 'creator', { quietHours });
  await offered(workspace);
  const [waiting] = await sendsOf(workspace, 'creator');
  const due = Date.parse(waiting?.dueAt ?? '') - Date.now();
  expect(due).toBeGreaterThan(58 * 60_000);
  expect(due).toBeLessThan(61 * 60_000);
  await comesDue(workspace);
  const sender = senderTo(mails.port);
  await eventually(async () => {
    const [send] = await sendsOf(workspace, 'creator');
    return send?.state === 'pending' && Date.parse(send.dueAt) - Date.now() > 58 * 60_000;
  });
  expect((await sendsOf(workspace, 'creator'))[0]?.attempts).toBe(0);
  expect(await mails.to(address('creator'))).toEqual([]);
  await choose(workspace, 'creator', { quietHours: null });
  await comesDue(workspace);
  await settled(workspace, 'creator');
  await sender.stop();
  await only(address('creator'));
});

it('collects a digest into one mail, without what is settled meanwhile', async () => {
  const { workspace, address } = await openWorkspace();
  await choose(workspace, 'creator', { digest: 'hourly' });
  await offered(workspace, 'First');
  await offered(workspace, 'Second');
  const third = await offered(workspace, 'Third');
  third.accept();
  await third.tell();
  const sends = await sendsOf(workspace, 'creator');
  expect(new Set(sends.map(({ batch }) => batch)).size).toBe(1);
  const sender = senderTo(mails.port);
  await comesDue(workspace);
  await settled(workspace, 'creator');
  await sender.stop();
  const mail = await only(address('creator'));
  expect(mail.subject).toBe('2 notices');
  expect(mail.text).toContain('“First”');
  expect(mail.text).toContain('“Second”');
  expect(mail.text).not.toContain('Third');
});

it('comes when a server that was down is up again', async () => {
  const { workspace, address } = await openWorkspace();
  const port = await freePort();
  await offered(workspace);
  const sender = senderTo(port);
  const failed = await eventually(async () => {
    const [send] = await sendsOf(workspace, 'creator');
    return (send?.lastError ?? null) !== null && send;
  });
  expect(failed).toMatchObject({ state: 'pending', lastError: expect.stringContaining('ECONN') });
  const late = await startMailServer(port);
  try {
    // Its pause has grown meanwhile, and ends by itself: made due by hand it might be sent twice at once.
    await settled(workspace, 'creator');
    expect(await arrived(address('creator'), 1, late)).toHaveLength(1);
  } finally {
    await sender.stop();
    await late.stop();
  }
});

it('a receiver that the server does not know is failed at once, and told apart', async () => {
  const { workspace } = await openWorkspace();
  const server = await scripted(['220 x', '250 x', '250 x', '550 no such user', '250 x', '221 x']);
  await offered(workspace);
  const sender = senderTo(portOf(server));
  const [send] = await settled(workspace, 'creator');
  await sender.stop();
  server.close();
  expect(send).toMatchObject({ state: 'failed', attempts: 1 });
  expect(send?.lastError).toContain('no such user');
});

it('a server that hangs delays nothing else', async () => {
  const { workspace } = await openWorkspace();
  let slackPosts = 0;
  const slack: HttpServer = createHttpServer((_request, response) => {
    slackPosts += 1;
    response.end('ok');
  }).listen(0, '127.0.0.1');
  const silent = await scripted([]);
  const origin = `http://127.0.0.1:${portOf(slack)}`;
  const sealedSlackUrl = secrets.seal(`${origin}/x`, slackPurpose(workspace.memberOf('creator')));
  await choose(workspace, 'creator', { channels: { asked: ['email', 'slack'] }, sealedSlackUrl });
  const items = [];
  for (let count = 0; count < 6; count += 1) items.push(await offered(workspace));
  const sender = senderTo(portOf(silent), { origin, deadlineMs: 3_000 });
  // More mails hang than have a place, and every Slack message goes out beside them.
  await eventually(() => slackPosts >= items.length);
  const hanging = (await sendsOf(workspace, 'creator')).filter(
    ({ channel }) => channel === 'email',
  );
  expect(hanging.every(({ state }) => state === 'pending')).toBe(true);
  await eventually(async () => {
    const sends = await sendsOf(workspace, 'creator');
    return sends.filter(({ lastError }) => lastError !== null).length > 0;
  });
  await sender.stop();
  slack.close();
  silent.close();
});

/** A server that says these lines, one after the greeting and one for each line it hears; then nothing. */
async function scripted(lines: readonly string[]): Promise<Server> {
  const server = createServer((socket) => {
    const left = [...lines];
    const say = () => {
      const line = left.shift();
      if (line !== undefined) socket.write(`${line}\r\n`);
    };
    say();
    socket.on('data', say);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function portOf(server: Server | HttpServer): number {
  // Listening on an address, not on a pipe.
  return (server.address() as AddressInfo).port;
}
