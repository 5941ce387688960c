import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { installGoatCounter } from './install-goatcounter.ts';

/** Bits of a key's permissions, as its source numbers them: to count, and to read statistics. */
const COUNT_AND_STATS = 2 + 64;
const STOP_MS = 10_000;

/** GoatCounter itself, with one site and one key. */
export interface GoatCounter {
  url: string;
  token: string;
  /** A view of a page by somebody of their own, in the past. */
  count(view: { path: string; query: string; at: string }): Promise<void>;
  stop(): Promise<void>;
}

export async function startGoatCounter(): Promise<GoatCounter> {
  const program = installGoatCounter();
  const directory = mkdtempSync(join(tmpdir(), 'baton-goatcounter-'));
  const db = ['-db', `sqlite+${join(directory, 'db.sqlite3')}`];
  const site = [
    '-vhost',
    'stats.example.org',
    '-user.email',
    'a@example.org',
    '-user.password',
    'password',
  ];
  run(program, ['db', 'create', 'site', '-createdb', ...db, ...site]);
  const key = ['-user', '1', '-name', 'baton', '-perm', 'count'];
  run(program, ['db', 'create', 'apitoken', ...db, ...key]);
  const grant = `update api_tokens set permissions = ${COUNT_AND_STATS}`;
  run(program, ['db', 'query', ...db, '-format', 'exec', grant]);
  const select = 'select token from api_tokens';
  const [{ token }] = JSON.parse(run(program, ['db', 'query', ...db, '-format', 'json', select]));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const listen = ['-listen', `127.0.0.1:${port}`, '-tls', 'http'];
  // Tests look more often than its four times a second.
  const quick = ['-store-every', '1', '-ratelimit', 'api:1000/1,api-count:1000/1'];
  const child = spawn(program, ['serve', ...db, ...listen, ...quick], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] },
  });
  const exited = once(child, 'exit');
  const said: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => said.push(line));
  }
  const send = (path: string, init: RequestInit = {}) =>
    fetch(`${url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
  let views = 0;
  const stop = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    if (child.exitCode === null && child.signalCode === null) await exited;
    clearTimeout(late);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await eventually(
      async () => {
        if (child.exitCode !== null) throw new Error(`it ended:\n${said.slice(-40).join('\n')}`);
        return (await send('/api/v0/me').catch(() => null))?.ok ?? false;
      },
      { what: 'GoatCounter answers' },
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    token,
    async count({ path, query, at }) {
      views += 1;
      const hit = { path, query, created_at: at, session: `somebody ${views}` };
      const body = JSON.stringify({ hits: [hit] });
      const response = await send('/api/v0/count', { method: 'POST', body });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    },
    stop,
  };
}

function run(program: string, args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status === 0) return stdout;
  throw new Error(`goatcounter ${args.slice(0, 3).join(' ')}: ${error ?? ''} ${stdout} ${stderr}`);
}
