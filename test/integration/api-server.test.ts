import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { makeWorkspace, type OpenTestDb, openTestDb } from '../support/db-fixture.ts';

let database: OpenTestDb;
let directory: string;
let key: string;
beforeAll(async () => {
  database = await openTestDb();
  directory = mkdtempSync(join(tmpdir(), 'baton server-'));
  const workspace = await makeWorkspace(database.db);
  key = workspace.members[0]?.key ?? '';
});
afterAll(async () => {
  await database?.close();
  rmSync(directory, { recursive: true, force: true });
});

interface ApiProcess {
  child: ChildProcess;
  lines: string[];
  /** Resolves with the exit code, null when a signal ended it. */
  exited: Promise<number | null>;
  /** The address of its first line, or null when it ended before. */
  url: Promise<string | null>;
}

function startServer(change: Record<string, string | undefined> = {}): ApiProcess {
  const environment = {
    ...process.env,
    DATABASE_URL: database.programUrl,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    BATON_ASSETS_DIR: directory,
    BATON_SECRET_KEY: randomBytes(32).toString('base64'),
    BATON_PAYLOAD_KEY: 'off',
    PORT: '0',
    ...change,
  };
  const child = spawn(process.execPath, ['src/api/server.ts'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  // Not 'exit': what it said last may still be on its way.
  const ended = once(child, 'close');
  const url = new Promise<string | null>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const { url: address, msg } = JSON.parse(line);
      if (msg === 'API listens') resolve(address);
    });
    void ended.then(() => resolve(null));
  });
  return { child, lines, url, exited: ended.then(([code]) => code as number | null) };
}

async function listening(server: ApiProcess): Promise<string> {
  const url = await server.url;
  if (url === null) throw new Error(`the server ended:\n${server.lines.join('\n')}`);
  return url;
}

const asked = (url: string, path: string) =>
  fetch(url + path, { headers: { authorization: `Bearer ${key}`, connection: 'close' } });

describe('the server', () => {
  it('takes a free port, says where it listens, and ends at SIGTERM', async () => {
    const server = startServer();
    const url = await listening(server);
    expect((await asked(url, '/v1/items')).status).toBe(200);
    expect(server.child.kill('SIGTERM')).toBe(true);
    expect([await server.exited, server.lines.at(-1)]).toEqual([
      0,
      expect.stringContaining('API stopped'),
    ]);
    for (const line of server.lines) expect(JSON.parse(line)).toHaveProperty('level');
    expect(server.lines.join('\n')).not.toContain(key.split('.')[1]);
  });

  it('finishes what is under way before it ends, and takes nothing new', async () => {
    const server = startServer();
    const url = await listening(server);
    const slow = request(`${url}/v1/items`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    const answered = once(slow, 'response');
    slow.write('{"title":');
    await expect.poll(async () => (await asked(url, '/healthz')).status).toBe(200);
    server.child.kill('SIGTERM');
    await expect
      .poll(async () =>
        asked(url, '/healthz').then(
          () => 'taken',
          () => 'refused',
        ),
      )
      .toBe('refused');
    slow.end('"under way"}');
    const [response] = await answered;
    expect(response.statusCode).toBe(201);
    response.resume();
    expect([await server.exited, server.lines.at(-1)]).toEqual([
      0,
      expect.stringContaining('API stopped'),
    ]);
  });

  it('starts while the engine is away, and says so', async () => {
    const server = startServer({ TEMPORAL_ADDRESS: '127.0.0.1:1' });
    const url = await listening(server);
    expect((await asked(url, '/v1/items')).status).toBe(200);
    const ready = await asked(url, '/readyz');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ checks: { database: true, engine: false } });
    const started = await fetch(`${url}/v1/items`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        connection: 'close',
      },
      body: '{"title":"stored all the same"}',
    });
    expect(started.status).toBe(202);
    server.child.kill('SIGTERM');
    expect([await server.exited, server.lines.at(-1)]).toEqual([
      0,
      expect.stringContaining('API stopped'),
    ]);
  });

  it('has no time travel outside the local stack', async () => {
    const server = startServer();
    const url = await listening(server);
    const response = await fetch(`${url}/v1/local/time-travel`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        connection: 'close',
      },
      body: '{}',
    });
    expect(response.status).toBe(404);
    expect(await (await asked(url, '/openapi.json')).text()).not.toContain('time-travel');
    server.child.kill('SIGTERM');
    await server.exited;
  });

  it.concurrent.each([
    {
      what: 'a taken port',
      make: async () => ({ PORT: new URL((await first.url) ?? '').port }),
      says: /cannot listen/,
    },
    {
      what: 'no secret key',
      make: async () => ({ BATON_SECRET_KEY: '' }),
      says: /BATON_SECRET_KEY/,
    },
    {
      what: 'a key that is no key',
      make: async () => ({ BATON_SECRET_KEY: 'hunter2' }),
      says: /BATON_SECRET_KEY/,
    },
    { what: 'a public address without TLS', make: async () => ({ HOST: '0.0.0.0' }), says: /HOST/ },
  ])('does not start with $what, and says why', async ({ make, says }) => {
    const server = startServer(await make());
    expect(await server.exited).toBe(1);
    expect(server.lines.join('\n')).toMatch(says);
    expect(server.lines.join('\n')).not.toContain('hunter2');
  });
});

let first: ApiProcess;
beforeAll(() => {
  first = startServer();
});
afterAll(async () => {
  first.child.kill('SIGTERM');
  await first.exited;
});
