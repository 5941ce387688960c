import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createStranger, STRANGERS, type Stranger } from './stranger.ts';

const compiler = join(
  dirname(dirname(import.meta.dirname)),
  'node_modules',
  'typescript',
  'bin',
  'tsc',
);

const CONSUMER = `
import { type BatonClient, createBatonClient, type Item, type WebhookCall } from '@baton/client';

declare const process: { argv: string[] };
const [, , url = '', key = ''] = process.argv;
const client: BatonClient = createBatonClient({ url, key });
const started = await client.items.start({ title: 'From outside' }, { idempotencyKey: 'once' });
const item: Item = await client.items.get(started.item.id);
const stage: 'briefing' | 'closed' | 'on_hold' | (string & {}) = item.stage;

const decision: WebhookCall = { type: 'accept_handoff', data: { itemId: item.id, handoffId: 'hof_1' } };
// @ts-expect-error An item has no such field: its type is known.
item.nothing;
// @ts-expect-error A title is a text.
const wrongTitle = () => client.items.start({ title: 1 });
// @ts-expect-error There is no such decision.
const wrongDecision: WebhookCall = { type: 'close', data: { itemId: item.id } };
console.log(stage, decision.type, typeof wrongTitle, wrongDecision.type);
`;

describe('@baton/client in an empty folder', () => {
  const packed = inject('packed');
  let stranger: Stranger;

  beforeAll(async () => {
    stranger = createStranger(STRANGERS[0]);
    await succeed('npm', 'install', '--no-audit', '--no-fund', packed.client);
  });
  afterAll(() => {
    stranger?.remove();
  });

  async function succeed(command: string, ...args: string[]): Promise<string> {
    const running = stranger.start(command, args);
    const code = await running.exited;
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${running.output()}`);
    return running.output();
  }

  it('brings nothing of the server', () => {
    const modules = readdirSync(join(stranger.folder, 'node_modules'));
    expect(modules.filter((name) => !name.startsWith('.')).toSorted()).toEqual([
      '@baton',
      '@stablelib',
      'fast-sha256',
      'hono',
      'standardwebhooks',
    ]);
  });

  it('is compiled against and run', async () => {
    writeFileSync(join(stranger.folder, 'consumer.mts'), CONSUMER);
    // Every declaration is checked too: nothing may be missing from the package.
    const options = [
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2022,dom',
    ];
    await succeed(
      process.execPath,
      compiler,
      ...options,
      '--skipLibCheck',
      'false',
      'consumer.mts',
    );

    const asked: string[] = [];
    const api = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      response.writeHead(request.method === 'POST' ? 201 : 200, {
        'content-type': 'application/json',
      });
      response.end(JSON.stringify({ id: 'itm_1', stage: 'briefing', item: { id: 'itm_1' } }));
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    const address = api.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    try {
      const url = `http://127.0.0.1:${address.port}`;
      const said = await succeed('node', 'consumer.mjs', url, 'bk_1');
      expect(said.trim()).toBe('briefing accept_handoff function close');
    } finally {
      api.close();
    }
    expect(asked).toEqual(['POST /v1/items Bearer bk_1', 'GET /v1/items/itm_1 Bearer bk_1']);
  });
});
