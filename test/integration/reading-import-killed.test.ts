import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';
import { importsOf } from '../support/import-requests.ts';
import { publishPieces } from '../support/published-pieces.ts';

let api: IdleApi;
let directory: string;
let program: ChildProcess | undefined;
beforeAll(async () => {
  api = await openIdleApi();
  directory = mkdtempSync(join(tmpdir(), 'baton server-'));
});
afterAll(async () => {
  program?.kill('SIGKILL');
  await api?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** The program of the API, on the same database. */
async function startProgram() {
  const child = spawn(process.execPath, ['src/api/server.ts'], {
    env: {
      ...process.env,
      DATABASE_URL: api.database.programUrl,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      BATON_ASSETS_DIR: directory,
      BATON_SECRET_KEY: randomBytes(32).toString('base64'),
      BATON_PAYLOAD_KEY: 'off',
      PORT: '0',
      // Both count in one table: the other program takes more of it at once than this one has by default.
      RATE_LIMIT_PER_SECOND: '100000',
      WORKSPACE_RATE_LIMIT_PER_SECOND: '500000',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  program = child;
  for await (const line of createInterface({ input: child.stdout })) {
    const { url, msg } = JSON.parse(line);
    if (msg === 'API listens') return { child, url: url as string };
  }
  throw new Error('the program ended before it listened');
}

it('a program that is killed while it imports leaves what it stored, and the rest is stored once', async () => {
  const imports = importsOf(api);
  const { child, url } = await startProgram();
  const { itemId } = await publishPieces(api.database.db, api.workspace, { count: 3, tag: 'kill' });
  const filler = 'nobody,1\n'.repeat(70_000);
  const head = `Post id,Likes\nkill0,1\n${filler}kill1,2\n${filler}`;
  const tail = 'kill2,3\n';
  const send = () => {
    const { request, answer } = importsOf({ ...api, url }).upload();
    request.write(head);
    return Object.assign(answer, { isOver: answer.then(() => true) });
  };
  let answer = send();
  const died = await eventually(async () => {
    const one = await imports.latest();
    if (one?.state === 'running' && one.readings > 0) return one;
    const isOver = await Promise.race([answer.isOver, setImmediate(false)]);
    if (!isOver) return null;
    // On a busy machine the time of a block may be over before a thread reads it.
    const { status, json } = await answer;
    expect([413, 503], JSON.stringify(json)).toContain(status);
    expect(await imports.readingsOf(itemId)).toEqual([]);
    answer = send();
    return null;
  });
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  expect((await answer).status).toBe(0);
  const before = (await imports.readingsOf(itemId)).length;
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(3);

  const again = await imports.send(head + tail);
  expect(again.status).toBe(201);
  expect(again.json).toMatchObject({
    readings: 3 - before,
    counts: { unchanged: before, stored: 3 - before },
  });
  const values = (await imports.readingsOf(itemId)).map(({ value }) => value);
  expect(values.toSorted()).toEqual([1, 2, 3]);

  await api.database.db.$client.query(
    `update reading_imports set seen_at = now() - interval '2 minutes' where id = $1`,
    [died.id],
  );
  const seen = await api.as('creator', 'GET', `/v1/readings/imports/${died.id}`);
  expect(seen.json).toMatchObject({
    state: 'failed',
    failure: expect.stringMatching(/send the file again/),
  });
});
