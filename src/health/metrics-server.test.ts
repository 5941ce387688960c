import { afterEach, describe, expect, it } from 'vitest';
import { type MetricsServer, startMetricsServer } from './metrics-server.ts';

const ADDRESS = { host: '127.0.0.1', port: 0 };
const KEY = 'k'.repeat(32);

let server: MetricsServer | null = null;

afterEach(async () => {
  await server?.close();
  server = null;
});

async function statusOf(path: string, init?: RequestInit): Promise<number> {
  return (await fetch(`${server?.url}${path}`, init)).status;
}

describe('the metrics of a program without an API', () => {
  it('are one path, for reading only', async () => {
    server = await startMetricsServer({ address: ADDRESS, key: null, text: async () => 'a 1\n' });
    const answer = await fetch(`${server.url}/metrics`);
    expect([answer.status, await answer.text()]).toEqual([200, 'a 1\n']);
    expect(await statusOf('/')).toBe(404);
    expect(await statusOf('/metrics?x')).toBe(404);
    expect(await statusOf('/metrics', { method: 'POST', body: 'x' })).toBe(404);
  });

  it('are for who shows the key, where there is one', async () => {
    server = await startMetricsServer({ address: ADDRESS, key: KEY, text: async () => 'a 1\n' });
    const showing = (text: string) => ({ headers: { authorization: text } });
    expect(await statusOf('/metrics', showing(`Bearer ${KEY}`))).toBe(200);
    expect(await statusOf('/metrics')).toBe(401);
    expect(await statusOf('/metrics', showing(KEY))).toBe(401);
    expect(await statusOf('/metrics', showing(`Bearer ${KEY}k`))).toBe(401);
  });

  it('tell nothing of why they could not be read', async () => {
    const text = () => Promise.reject(new Error('CANARY'));
    server = await startMetricsServer({ address: ADDRESS, key: null, text });
    const answer = await fetch(`${server.url}/metrics`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('CANARY');
  });
});
