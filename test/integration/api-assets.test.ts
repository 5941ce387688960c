import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IdleApi, openIdleApi } from '../support/idle-api.ts';

let api: IdleApi;
beforeAll(async () => {
  api = await openIdleApi();
});
afterAll(() => api?.close());

describe('assets', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const upload = (body: Uint8Array | string, query = '', type = 'image/png') =>
    api.as('creator', 'POST', `/v1/assets${query}`, { body, headers: { 'content-type': type } });

  it('are stored under their hash, once, and come back as they are', async () => {
    const first = await upload(png);
    expect(first.status).toBe(201);
    expect(first.json).toMatchObject({ kind: 'visual', mediaType: 'image/png', size: png.length });
    expect((await upload(png, '?kind=visual')).json).toEqual(first.json);
    const response = await fetch(`${api.url}/v1/assets/${first.json.hash}`, {
      headers: { authorization: `Bearer ${api.keyOf('editor')}` },
    });
    expect(Buffer.from(await response.arrayBuffer()).equals(png)).toBe(true);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('content-security-policy')).toContain('sandbox');
    const cached = await api.as('editor', 'GET', `/v1/assets/${first.json.hash}`, {
      headers: { 'if-none-match': response.headers.get('etag') ?? '' },
    });
    expect(cached.status).toBe(304);
  });

  it('are refused when they are not what they claim, empty or too large', async () => {
    expect((await upload('<svg onload="alert(1)"/>', '', 'image/svg+xml')).status).toBe(415);
    expect((await upload('', '?kind=visual')).status).toBe(400);
    expect((await upload('x', '', 'application/octet-stream')).status).toBe(415);
    expect((await upload('x', '?kind=hologram')).status).toBe(400);
    const large = Buffer.concat([png, Buffer.alloc(1024 * 1024)]);
    expect((await upload(large)).status).toBe(413);
    expect((await api.as('creator', 'GET', `/v1/assets/${'0'.repeat(64)}`)).status).toBe(404);
    expect((await api.as('creator', 'GET', '/v1/assets/..%2F..%2Fetc%2Fpasswd')).status).toBe(404);
  });
});
