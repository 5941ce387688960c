import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  FAULT_HEADER,
  type SandboxPost,
  SandboxPostList,
  SandboxRemotePost,
} from '../channels/sandbox/protocol.ts';
import { SandboxMetrics } from '../metrics/sandbox-protocol.ts';

const PROGRAM = fileURLToPath(new URL('server.ts', import.meta.url));

let directory: string;
let running: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sandbox process '));
  running = [];
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

function spawnServer(env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  return child;
}

async function startServer(env: Record<string, string> = {}) {
  const child = spawnServer({ SANDBOX_DIR: directory, ...env });
  if (!child.stdout) throw new Error('the server has no output');
  const [line] = await once(createInterface(child.stdout), 'line');
  const ready = JSON.parse(line);
  expect(ready).toEqual({
    ready: true,
    component: 'sandbox',
    address: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
  });
  return { child, address: String(ready.address) };
}

function send(address: string, post: unknown, headers: Record<string, string> = {}) {
  return fetch(`${address}/v1/posts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof post === 'string' ? post : JSON.stringify(post),
  });
}

async function readPost(answer: Response): Promise<SandboxRemotePost> {
  return SandboxRemotePost.parse(await answer.json());
}

function ledgerLines(): unknown[] {
  const text = readFileSync(join(directory, 'ledger.jsonl'), 'utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const post: SandboxPost = {
  account: 'fournil',
  marker: 'm-1',
  text: 'Bonjour',
  idempotencyKey: 'k',
};

describe('posting', () => {
  it('an accepted post is a ledger line, an answer and a page', async () => {
    const { address } = await startServer();
    const answer = await send(address, post);
    expect(answer.status).toBe(201);
    const remote = await readPost(answer);
    expect(ledgerLines()).toEqual([
      {
        marker: 'm-1',
        account: 'fournil',
        at: remote.at,
        text: 'Bonjour',
        bodyHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        remoteId: remote.remoteId,
        idempotencyKey: 'k',
      },
    ]);
    const page = await fetch(remote.permalink);
    expect(await page.text()).toContain('Bonjour');
    expect(await (await fetch(`${address}/healthz`)).json()).toEqual({ status: 'ok', posts: 1 });
  });

  it('a key is honoured at once, in parallel and after a kill', async () => {
    const first = await startServer();
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(first.address, post)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([...Array(7).fill(200), 201]);
    const bodies = await Promise.all(answers.map(readPost));
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    expect((await send(first.address, { ...post, text: 'Autre' })).status).toBe(409);

    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const second = await startServer();
    const again = await send(second.address, post);
    expect(again.status).toBe(200);
    const { remoteId, at } = await readPost(again);
    expect(bodies[0]).toMatchObject({ remoteId, at });
    expect(ledgerLines()).toHaveLength(1);
  });

  it('without a key every post counts, and the look-up lists them', async () => {
    const { address } = await startServer();
    const { idempotencyKey: _, ...keyless } = post;
    await send(address, keyless);
    await send(address, keyless);
    const list = SandboxPostList.parse(
      await (await fetch(`${address}/v1/posts?marker=m-1`)).json(),
    );
    expect(list.items).toHaveLength(2);
    expect(list.items[0]).toMatchObject({ marker: 'm-1', account: 'fournil' });
    const other = await fetch(`${address}/v1/posts?marker=m-1&account=autre`);
    expect(await other.json()).toEqual({ items: [] });
  });

  it.each([
    ['{', 400],
    ['[]', 400],
    [{ ...post, extra: 1 }, 400],
    [{ ...post, text: undefined }, 400],
    [{ ...post, text: '' }, 422],
    [{ ...post, text: 'a'.repeat(501) }, 422],
    ['x'.repeat(300_000), 413],
  ])('a bad post is refused and leaves no line (%#)', async (body, status) => {
    const { address } = await startServer();
    const answer = await send(address, body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code: expect.any(String) });
    expect(ledgerLines()).toEqual([]);
  });

  it('unknown paths and queries are named', async () => {
    const { address } = await startServer();
    for (const [path, status] of [
      ['/', 404],
      ['/v1/posts', 400],
      ['/v1/metrics', 400],
      ['/v1/metrics?marker=m&ageSeconds=-1', 400],
      ['/v1/metrics?marker=m&ageSeconds=1', 404],
      ['/v1/faults', 404],
      ['/p/sbx_00', 404],
      ['//', 400],
    ] as const) {
      expect([path, (await fetch(address + path)).status]).toEqual([path, status]);
    }
  });
});

describe('metrics', () => {
  it('of a post at an age, and of an account before any post', async () => {
    const { address } = await startServer();
    const { at } = await readPost(await send(address, post));
    const read = async (query: string) =>
      SandboxMetrics.parse(await (await fetch(`${address}/v1/metrics?${query}`)).json());

    const week = await read('marker=m-1&account=fournil&ageSeconds=604800');
    expect(Date.parse(week.asOf)).toBe(Date.parse(at) + 604_800_000);
    expect(Object.keys(week.measures)).toHaveLength(20);
    const baseline = await read('account=fournil');
    expect(Object.keys(baseline.measures)).toEqual(['followers']);
    expect(baseline.measures.followers).toBeLessThan(week.measures.followers ?? 0);
    const now = await read('marker=m-1');
    expect(now.measures.impressions).toBeLessThan(week.measures.impressions ?? 0);
  });
});

describe('faults', () => {
  it('exist only on a server started with them', async () => {
    const { address } = await startServer();
    const answer = await send(address, post, { [FAULT_HEADER]: 'reject' });
    expect(answer.status).toBe(201);
  });

  it('one post by its header', async () => {
    const { address } = await startServer({ SANDBOX_FAULTS: '1' });
    expect((await send(address, post, { [FAULT_HEADER]: 'nonsense' })).status).toBe(400);
    expect((await send(address, post, { [FAULT_HEADER]: 'unauthorized' })).status).toBe(401);
    expect(ledgerLines()).toEqual([]);
    expect((await send(address, post, { [FAULT_HEADER]: 'accept_then_500' })).status).toBe(500);
    expect(ledgerLines()).toHaveLength(1);
    expect((await send(address, post)).status).toBe(200);
  });

  it('a slow drip of an accepted post', async () => {
    const { address } = await startServer({ SANDBOX_FAULTS: '1' });
    const answer = await send(address, post, { [FAULT_HEADER]: 'accept_then_slow_drip' });
    expect(answer.status).toBe(201);
    expect(ledgerLines()).toHaveLength(1);
    await answer.body?.cancel();
  });

  it('the next posts of a marker by order, then none', async () => {
    const { address } = await startServer({ SANDBOX_FAULTS: '1' });
    const order = (body: unknown) =>
      fetch(`${address}/v1/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    expect((await order({ mode: 'rate_limited', marker: 'm-1', times: 2 })).status).toBe(201);
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await send(address, post)).status);
    expect(statuses).toEqual([429, 429, 201]);
    expect((await send(address, { ...post, marker: 'm-2', idempotencyKey: 'k2' })).status).toBe(
      201,
    );

    expect((await order({ mode: 'reject' })).status).toBe(201);
    await fetch(`${address}/v1/faults`, { method: 'DELETE' });
    expect((await send(address, post)).status).toBe(200);
  });

  it('a share of all posts by a seed, the same ones in another run', async () => {
    async function run(seed: string): Promise<number[]> {
      const { address, child } = await startServer({ SANDBOX_FAULTS: '1' });
      await fetch(`${address}/v1/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ seed, rate: 0.5, modes: ['reject', 'unauthorized'] }),
      });
      const statuses = [];
      for (let i = 0; i < 20; i += 1) {
        const numbered = { account: 'fournil', marker: `m-${i}`, text: 'un' };
        statuses.push((await send(address, numbered)).status);
      }
      child.kill();
      await once(child, 'exit');
      return statuses;
    }
    const first = await run('a');
    expect(await run('a')).toEqual(first);
    expect(new Set(first)).toEqual(new Set([201, 401, 422]));
  });
});

describe('the process', () => {
  it('ends with 0 on SIGTERM even while a connection hangs', async () => {
    const { address, child } = await startServer({ SANDBOX_FAULTS: '1' });
    const hanging = send(address, post, { [FAULT_HEADER]: 'accept_then_hang' }).catch(() => 'cut');
    while (!readFileSync(join(directory, 'ledger.jsonl'), 'utf8').includes('m-1')) {
      await fetch(`${address}/healthz`);
    }
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await hanging).toBe('cut');
  });

  it('says which setting is wrong and ends', async () => {
    for (const [env, name] of [
      [{}, 'SANDBOX_DIR'],
      [{ SANDBOX_DIR: directory, SANDBOX_PORT: '70000' }, 'SANDBOX_PORT'],
    ] as const) {
      const child = spawnServer(env);
      let said = '';
      child.stderr?.on('data', (chunk) => {
        said += chunk;
      });
      expect(await once(child, 'close')).toEqual([2, null]);
      expect(said).toContain(name);
    }
  });

  it('says that its port is taken and ends', async () => {
    const { address } = await startServer();
    const port = new URL(address).port;
    const child = spawnServer({ SANDBOX_DIR: join(directory, 'other'), SANDBOX_PORT: port });
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(said).toContain(`cannot listen on 127.0.0.1:${port}`);
  });
});
