import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readApiConfig } from '../../src/config.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toOffered } from '../support/item-story.ts';
import { type KeyDoor, openKeyDoor } from '../support/key-door.ts';

const root = dirname(dirname(import.meta.dirname));
const API_KEY = 'tmprl_the-key-of-the-test';

let directory: string;
let door: KeyDoor;
let engine: ItemEngine;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'baton api key-'));
  execFileSync('sh', [join(root, 'docker/make-certificates.sh'), directory, 'localhost']);
  writeFileSync(join(directory, 'temporal_api_key'), `${API_KEY}\n`);
  writeFileSync(join(directory, 'another_api_key'), 'tmprl_another-key\n');
  door = await openKeyDoor(inject('temporalAddress'), {
    apiKey: API_KEY,
    cert: readFileSync(join(directory, 'server.crt')),
    key: readFileSync(join(directory, 'server.key')),
  });
  engine = await openItemEngine();
});
afterAll(async () => {
  await engine?.close();
  await door?.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What docker-compose.cloud.yml says of Temporal; the authority stands for a public one. */
function cloud(keyFile = 'temporal_api_key'): Record<string, string> {
  return {
    TEMPORAL_CONFIG_FILE: join(directory, 'none.toml'),
    TEMPORAL_ADDRESS: `localhost:${door.port}`,
    TEMPORAL_NAMESPACE: engine.deps.temporal.options.namespace,
    TEMPORAL_API_KEY_FILE: join(directory, keyFile),
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(directory, 'authority.crt'),
  };
}

function connectionOf(change: Record<string, string>) {
  const settings = {
    DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    BATON_ASSETS_DIR: directory,
    BATON_SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => at)).toString('base64'),
    BATON_PAYLOAD_KEY: 'off',
  };
  return readApiConfig({ ...settings, ...change }).temporal.connection;
}

describe('an engine that asks for TLS and an API key', () => {
  it('is reached by API and a worker of its own, who run an item', async () => {
    const connection = await Connection.connect(connectionOf(cloud()));
    await connection.workflowService.getSystemInfo({});
    await connection.close();
    await engine.stopWorker();
    const before = door.knocks.length;
    const worker = await engine.spawnWorker(cloud());
    const itemId = await engine.start();
    await toOffered(engine, itemId);
    expect(await engine.item(itemId)).toMatchObject({ stage: 'briefing', substage: 'offered' });
    await worker.kill();
    const knocks = door.knocks.slice(before);
    expect(knocks.filter(({ isAllowed }) => !isAllowed)).toEqual([]);
    const polls = knocks.filter(({ path }) => path.endsWith('/PollWorkflowTaskQueue'));
    expect(polls).not.toEqual([]);
    // By this header the cloud finds the namespace.
    for (const { namespace } of polls) expect(namespace).toBe(cloud()['TEMPORAL_NAMESPACE']);
  });

  it('lets nobody in with another key or with none', async () => {
    const reach = (change: Record<string, string>) =>
      Connection.connect({ ...connectionOf(change), connectTimeout: '5s' });
    await expect(reach(cloud('another_api_key'))).rejects.toThrow();
    const { TEMPORAL_API_KEY_FILE: _, ...keyless } = cloud();
    await expect(reach(keyless)).rejects.toThrow();
    await expect(engine.spawnWorker(cloud('another_api_key'))).rejects.toThrow(
      /API key is not valid|[Uu]nauthenticated/,
    );
  });

  it('is never told the key without TLS', () => {
    const { TEMPORAL_TLS_SERVER_CA_CERT_PATH: _, ...plain } = cloud();
    expect(connectionOf(plain)).toMatchObject({ apiKey: API_KEY, tls: expect.anything() });
  });
});
