import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createCommandSender } from '../../src/commands/command-sender.ts';
import { readSecretsConfig } from '../../src/config.ts';
import { createSecretBox } from '../../src/credentials/secret-box.ts';
import { createDb, type Database } from '../../src/db/client.ts';
import { CLIENT_INTERCEPTORS } from '../../src/engine/interceptors.ts';
import { type Json, openApi, type TestApi } from '../support/api-fixture.ts';
import { composeEnvironment, imageCopies } from '../support/image.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/stack-database.ts';

const root = dirname(dirname(import.meta.dirname));
const FIRST_KEY = randomBytes(32).toString('base64');
const NEXT_KEY = randomBytes(32).toString('base64');

describe('an operator with nothing but the image and an empty database', () => {
  /** A folder with the files of the image. */
  let image: string;
  let empty: TestDatabase;
  let database: Database;
  let connection: Connection;
  let api: TestApi;
  let first: Awaited<ReturnType<typeof run>>;
  let adminKey: string;

  beforeAll(async () => {
    image = mkdtempSync(join(tmpdir(), 'baton image-'));
    for (const { source, target } of imageCopies()) {
      cpSync(join(root, source), join(image, target), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(image, 'node_modules'));
    empty = await createEmptyDatabase();
    database = createDb(empty.url, { max: 2, applicationName: 'baton-test' });
    connection = Connection.lazy({
      address: inject('temporalAddress'),
      interceptors: CLIENT_INTERCEPTORS,
    });
    const delivery = {
      db: database.db,
      temporal: new Client({ connection }),
      taskQueue: 'nobody-polls',
    };
    const log = { warn: () => {}, error: () => {} };
    const { secretKeys } = readSecretsConfig(settings());
    api = await openApi(
      { ...delivery, sender: createCommandSender({ ...delivery, log }) },
      { secrets: createSecretBox(secretKeys) },
    );
    first = await init('Our workspace');
    adminKey = first.out.match(/bk_\S+/)?.[0] ?? '';
  });
  afterAll(async () => {
    await api?.close();
    await connection?.close();
    await database?.close();
    await empty?.drop();
    rmSync(image, { recursive: true, force: true });
  });

  /** What .env says, and the database of the test in the place of the composed one. */
  const settings = (change: Record<string, string> = {}) =>
    composeEnvironment({
      DATABASE_URL: empty.url,
      BATON_SECRET_KEY: FIRST_KEY,
      BATON_PAYLOAD_KEY: 'off',
      ...change,
    });

  /** `docker compose run --rm api node …`, without the container. */
  async function run(args: string[], env = settings()) {
    const child = spawn(process.execPath, args, {
      cwd: image,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [out, err, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { code, out, err };
  }
  const init = (name: string) => run(['scripts/baton.ts', 'admin', 'init', '--name', name]);

  async function post(path: string, body: object): Promise<Json> {
    const { status, text: answer, json } = await api.call(adminKey, 'POST', path, { body });
    expect(status, answer).toBe(201);
    return json;
  }

  it('makes the first workspace, and is shown once a key that signs its admin in', async () => {
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(/^wsp_\w+ {2}Our workspace\n/);
    expect(first.out.match(/bk_\S+/g)).toEqual([adminKey]);
    const { status, json } = await api.call(adminKey, 'GET', '/v1/members/me');
    expect(status).toBe(200);
    expect(json).toMatchObject({ name: 'Admin', roles: ['admin'], active: true });
  });

  it('cannot make a first workspace twice', async () => {
    const again = await init('Another');
    expect(again).toMatchObject({ code: 1, out: '' });
    expect(again.err).toContain('the database has the workspace Our workspace already');
    const { rows } = await database.db.$client.query('select name from workspaces');
    expect(rows).toEqual([{ name: 'Our workspace' }]);
  });

  it('adds a person, their key and a channel account with the requests of docs/production.md', async () => {
    const made: Json[] = [];
    for (const { path, body } of firstRequests()) {
      const sent = body.replace('mbr_…', made[0]?.id);
      made.push(await post(path, JSON.parse(sent)));
    }
    const [member, key, account] = made;
    const { json: me } = await api.call(key.key, 'GET', '/v1/members/me');
    expect(me).toMatchObject({ id: member.id, roles: ['strategist'] });
    expect(account).toMatchObject({ channel: 'bluesky', hasCredentials: true });
  });

  it('brings what is stored under a new secret key', async () => {
    await post('/v1/channel-accounts', {
      channel: 'bluesky',
      name: 'sealed.example.com',
      zone: 'UTC',
      credentials: { appPassword: 'sealed under the first key' },
    });
    const change = { BATON_SECRET_KEY: NEXT_KEY, BATON_PREVIOUS_SECRET_KEYS: FIRST_KEY };
    const { code, out, err } = await run(['scripts/reseal.ts'], settings(change));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^[1-9]\d* sealed again, 0 already under the current key, 0 unreadable\n$/);
  });
});

/** The POSTs that docs/production.md names, in order. */
function firstRequests(): { path: string; body: string }[] {
  const production = readFileSync(join(root, 'docs', 'production.md'), 'utf8');
  const requests = [...production.matchAll(/`POST (\/v1\/\S+)` with\s+`(\{.*\})`/g)];
  return requests.map(([, path = '', body = '']) => ({ path, body }));
}
