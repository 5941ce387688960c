import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import type { LocalStack } from '../../scripts/local/stack.ts';
import { StackInUseError, startLocalStack } from '../../scripts/local/stack.ts';
import { createTestDatabase } from '../support/stack-database.ts';
import {
  createStateDirectory,
  descendantsOf,
  isRunning,
  startTestStack,
  until,
} from '../support/stack-local.ts';

describe('a running local stack', () => {
  const reported: string[] = [];
  let stack: LocalStack & { dispose(): Promise<void> };

  beforeAll(async () => {
    stack = await startTestStack({ report: (line) => reported.push(line) });
  }, 120_000);
  afterAll(() => stack.dispose());

  it('says one line per component with its address', () => {
    const lines = reported.filter((line) =>
      /^(PostgreSQL|Temporal|Sandbox|Worker|API) /.test(line),
    );
    expect(lines.map((line) => line.split(/\s+/)[0]).toSorted()).toEqual(
      ['API', 'PostgreSQL', 'Sandbox', 'Temporal', 'Worker'].toSorted(),
    );
    expect(lines.join('\n')).toContain(stack.apiUrl);
    expect(lines.join('\n')).toContain(stack.temporalAddress);
  });

  it('has an API that is ready because a worker polls', async () => {
    const response = await fetch(`${stack.apiUrl}/readyz`);
    expect(response.status).toBe(200);
  });

  it('has a workspace with a key for each role, readable by its owner only', async () => {
    expect(stack.workspaceCreated).toBe(true);
    expect(stack.credentials.url).toBe(stack.apiUrl);
    expect(stack.credentials.members.map((member) => member.role)).toEqual([
      'strategist',
      'creator',
      'social_media_manager',
      'editor',
      'legal',
      'community_manager',
      'admin',
    ]);
    expect(JSON.parse(readFileSync(stack.credentialsFile, 'utf8'))).toEqual(stack.credentials);
    expect(statSync(stack.credentialsFile).mode & 0o777).toBe(0o600);
    expect(statSync(join(stack.stateDir, 'secret-key')).mode & 0o777).toBe(0o600);
    expect(statSync(join(stack.stateDir, 'postgres', 'password')).mode & 0o777).toBe(0o600);
  });

  it('refuses a second start on the same state directory, naming the owner', async () => {
    const second = startLocalStack({ stateDir: stack.stateDir, quiet: true });
    await expect(second).rejects.toThrow(StackInUseError);
    await expect(second).rejects.toThrow(`process ${process.pid} owns it`);
    expect((await fetch(`${stack.apiUrl}/healthz`)).status).toBe(200);
  });

  it.each(['sandbox', 'worker', 'api', 'temporal', 'postgres'] as const)(
    'starts %s again after a crash, and says so',
    async (name) => {
      const before = stack.pids()[name];
      reported.length = 0;
      stack.kill(name);
      await until(
        () => stack.restarts(name) > 0,
        () => reported.join('\n'),
      );
      await stack.untilReady();
      expect(stack.pids()[name]).not.toBe(before);
      expect(reported.join('\n')).toMatch(/ended \(signal SIGKILL\); starting it again in 0\.1 s/);
      expect(reported.join('\n')).toMatch(/is back \(pid \d+\)/);
      expect((await fetch(`${stack.apiUrl}/readyz`)).status).toBe(200);
    },
  );

  it('writes no secret to a log or to the terminal', () => {
    const directory = join(stack.stateDir, 'logs');
    const texts = readdirSync(directory).map((file) => readFileSync(join(directory, file), 'utf8'));
    const secrets = [
      ...stack.credentials.members.map((member) => member.key),
      readFileSync(join(stack.stateDir, 'secret-key'), 'utf8'),
      readFileSync(join(stack.stateDir, 'postgres', 'password'), 'utf8'),
    ];
    const everything = [...texts, ...reported].join('\n');
    for (const secret of secrets) expect(everything).not.toContain(secret);
  });

  it('stops every process, and starts again with the same workspace', async () => {
    const pids = Object.values(stack.pids());
    expect(pids).toHaveLength(5);
    await stack.stop();
    expect(pids.filter(isRunning)).toEqual([]);

    const again = await startLocalStack({
      stateDir: stack.stateDir,
      ports: 'any',
      temporalUi: false,
      quiet: true,
    });
    try {
      expect(again.workspaceCreated).toBe(false);
      expect(again.credentials.workspaceId).toBe(stack.credentials.workspaceId);
      expect(again.credentials.members).toEqual(stack.credentials.members);
      expect(again.credentials.url).toBe(again.apiUrl);
    } finally {
      await again.stop();
    }
  });
});

describe('a local stack with other servers and ports', () => {
  it('uses the servers that DATABASE_URL and TEMPORAL_ADDRESS name', async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const stack = await startTestStack({
      environment: {
        ...process.env,
        DATABASE_URL: database.url,
        TEMPORAL_ADDRESS: inject('temporalAddress'),
        TASK_QUEUE: 'external-servers',
      },
    });
    onTestFinished(() => stack.dispose());
    expect(Object.keys(stack.pids()).toSorted()).toEqual(['api', 'sandbox', 'worker']);
    expect(stack.databaseUrl).toBe(database.url);
    expect(() => stack.kill('postgres')).toThrow('not a process of this stack');
    expect((await fetch(`${stack.apiUrl}/readyz`)).status).toBe(200);
  });

  it('says which part is at fault when it cannot start, and leaves nothing behind', async () => {
    const state = createStateDirectory();
    onTestFinished(state.remove);
    const start = () =>
      startLocalStack({
        stateDir: state.path,
        ports: 'any',
        temporalUi: false,
        quiet: true,
        environment: {
          ...process.env,
          DATABASE_URL: 'postgresql://nobody:secret@127.0.0.1:9/none',
          TEMPORAL_ADDRESS: inject('temporalAddress'),
        },
      });
    const before = descendantsOf(process.pid);
    await expect(start()).rejects.toThrow(/The database could not be prepared: .*127\.0\.0\.1:9/);
    // The same again: neither the lock nor a process is left of the first try.
    await expect(start()).rejects.toThrow(/^(?!.*secret)The database could not be prepared/);
    expect(descendantsOf(process.pid)).toEqual(before);
  });

  it('takes a free port where the preferred one is taken', async () => {
    const occupier = createServer().listen(0, '127.0.0.1');
    await once(occupier, 'listening');
    onTestFinished(async () => {
      occupier.close();
    });
    const address = occupier.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const stack = await startTestStack({
      ports: { api: port, postgres: port, temporal: port, sandbox: port },
    });
    onTestFinished(() => stack.dispose());
    const ports = [stack.apiUrl, stack.sandboxUrl, `tcp://${stack.temporalAddress}`].map((url) =>
      Number(new URL(url).port),
    );
    expect(ports).not.toContain(port);
    expect(new Set(ports).size).toBe(3);
    expect((await fetch(`${stack.apiUrl}/readyz`)).status).toBe(200);
  });
});
