import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSecretBox } from '../../src/credentials/secret-box.ts';
import { slackPurpose } from '../../src/credentials/slack-purpose.ts';
import { insertNoticeSends, listNoticeSends } from '../../src/db/telling/notice-sends.ts';
import { insertNotices } from '../../src/db/telling/notices.ts';
import { NO_CHOICE, savePreferences, saveSlackChannel } from '../../src/db/telling/preferences.ts';
import type { Role } from '../../src/domain/people/roles.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { startNoticeSender } from '../../src/telling/notice-sender.ts';
import { makeWorkspace, type OpenTestDb, openTestDb } from '../support/db-fixture.ts';
import { eventually } from '../support/eventually.ts';

const key = { id: 'testtest', bytes: randomBytes(32) };
const secrets = createSecretBox({ current: key, all: [key] });
const LONG_AGO = '2026-01-01T00:00:00.000Z';

let database: OpenTestDb;
let posted: { url: string; body: string }[] = [];
let logged: object[] = [];
let status = 200;
beforeAll(async () => {
  database = await openTestDb(8);
});
afterEach(() => {
  posted = [];
  logged = [];
  status = 200;
});
afterAll(() => database?.close());

/** Notices on their way to Slack, one for each cause, and whoever they are told to. */
async function wait(batch: string, told: { role: Role; cause: string }[]) {
  const workspace = await makeWorkspace(database.db);
  const { workspaceId } = workspace;
  const stored = await insertNotices(
    database.db,
    told.map(({ role, cause }) => ({
      workspaceId,
      memberId: workspace.memberOf(role),
      itemId: null,
      kind: 'finding' as const,
      cause,
      waitKey: null,
      textKey: 'finding' as const,
      about: { code: cause, severity: 'high', message: 'look at it' },
      inApp: true,
    })),
  );
  const sends = stored.map(({ id: noticeId, memberId }) => {
    return { workspaceId, noticeId, memberId, channel: 'slack' as const, batch, dueAt: LONG_AGO };
  });
  await insertNoticeSends(database.db, sends);
  const sealed = secrets.seal('https://slack.test/shared', slackPurpose(workspaceId));
  await saveSlackChannel(database.db, { workspaceId, sealed });
  const sendsNow = async () =>
    (await listNoticeSends(database.db, { workspaceId, limit: 200 })).items;
  return { workspace, sendsNow };
}

/** Sends until `isEnough`, and gives the sends of then. */
async function sendUntil<T>(sendsNow: () => Promise<T>, isEnough: (sends: T) => boolean) {
  const http = createHttpClient();
  const sender = startNoticeSender(
    {
      db: database.program,
      secrets,
      http: {
        ...http,
        request: async ({ url, body }) => {
          posted.push({ url, body: String(body) });
          return { kind: 'response', status, headers: {}, body: Buffer.alloc(0) };
        },
      },
      mailer: null,
      log: { warn: (fields) => void logged.push(fields) },
    },
    { pauseMs: 20, retryAfterMs: 3_600_000 },
  );
  try {
    return await eventually(async () => {
      const sends = await sendsNow();
      return isEnough(sends) && sends;
    });
  } finally {
    await sender.stop();
  }
}

describe('a digest for Slack', () => {
  const causes = Array.from({ length: 21 }, (_, n) => `cause-${String(n).padStart(2, '0')}`);
  const told = causes.map((cause) => ({ role: 'creator' as const, cause }));

  it('says in a second message what the first one has no room for', async () => {
    const { sendsNow } = await wait('slack:digest', told);
    const sends = await sendUntil(sendsNow, (all) =>
      all.every((send) => send.state === 'sent' && send.attempts === 1),
    );
    expect(sends).toHaveLength(21);
    expect(posted).toHaveLength(2);
    for (const cause of causes) {
      expect(posted.filter(({ body }) => body.includes(`${cause} (`)).length, cause).toBe(1);
    }
  });

  it('keeps that without an attempt of its own while Slack takes nothing', async () => {
    status = 503;
    const { sendsNow } = await wait('slack:digest', told);
    const sends = await sendUntil(sendsNow, (all) =>
      all.every(({ dueAt }) => Date.parse(dueAt) > Date.now() + 600_000),
    );
    expect(posted).toHaveLength(1);
    expect(sends.map(({ attempts }) => attempts).sort()).toEqual([0, ...Array(20).fill(1)]);
  });
});

describe('a message that all share', () => {
  const batch = 'slack:all:a cause';
  const told = (['creator', 'editor'] as const).map((role) => ({ role, cause: 'a cause' }));

  it('goes to the channel of the workspace, whoever has one of their own since', async () => {
    const { workspace, sendsNow } = await wait(batch, told);
    const { workspaceId } = workspace;
    for (const { role } of told) {
      const memberId = workspace.memberOf(role);
      const sealedSlackUrl = secrets.seal('https://slack.test/own', slackPurpose(memberId));
      await savePreferences(database.db, { workspaceId, memberId, ...NO_CHOICE, sealedSlackUrl });
    }
    await sendUntil(sendsNow, (all) => all.every((send) => send.state === 'sent'));
    expect(posted.map(({ url }) => url)).toEqual(['https://slack.test/shared']);
    expect(logged).toEqual([]);
  });

  it('whose address cannot be opened failed, and is tried again', async () => {
    const { workspace, sendsNow } = await wait(batch, told);
    const { workspaceId } = workspace;
    await saveSlackChannel(database.db, { workspaceId, sealed: 'v1.another.c2VhbGVk' });
    const sends = await sendUntil(sendsNow, (all) => all.every((send) => send.lastError !== null));
    for (const send of sends) {
      expect(send).toMatchObject({
        state: 'pending',
        attempts: 1,
        lastError: 'the address could not be opened',
      });
    }
    expect(posted).toEqual([]);
    expect(logged).toMatchObject([{ reason: expect.stringContaining('another') }]);
  });
});
