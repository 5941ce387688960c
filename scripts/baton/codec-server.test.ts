import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCodecServer, newCodecToken } from './codec-server.ts';

const key = { id: 'k1', bytes: randomBytes(32) };
const token = newCodecToken();
const UI = 'http://127.0.0.1:8233';
const server = createCodecServer({ keys: { current: key, all: [key] }, token, uiOrigins: [UI] });

let url: string;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const { metadata, data } = defaultPayloadConverter.toPayload({ evidence: 'canary' });
const wire = {
  metadata: { encoding: Buffer.from(metadata?.['encoding'] ?? []).toString('base64') },
  data: Buffer.from(data ?? []).toString('base64'),
};

interface Answer {
  payloads: (typeof wire)[];
  error: string;
}

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${url}${path}`, { method: 'POST', body: text, headers });
  return {
    status: response.status,
    headers: response.headers,
    json: (await response.json()) as Answer,
  };
}

async function encoded() {
  return (await post(`/${token}/encode`, { payloads: [wire] })).json.payloads[0] ?? wire;
}

describe('the codec server', () => {
  it('decodes what was encoded, by a token in the path or a bearer token', async () => {
    const payload = await encoded();
    expect(Buffer.from(payload.data, 'base64').includes('canary')).toBe(false);
    expect((await post(`/${token}/decode`, { payloads: [payload] })).json).toEqual({
      payloads: [wire],
    });
    const bearer = { Authorization: `Bearer ${token}` };
    expect((await post('/decode', { payloads: [payload] }, bearer)).json).toEqual({
      payloads: [wire],
    });
  });

  it.each([
    ['no token', '/decode', {}],
    ['another token in the path', `/${newCodecToken()}/decode`, {}],
    ['another bearer token', '/decode', { Authorization: `Bearer ${newCodecToken()}` }],
    ['a wrong path beside a right header', '/x/decode', { Authorization: `Bearer ${token}` }],
    ['an unknown path without a token', '/keys', {}],
  ])('answers 401 to %s', async (_, path, headers) => {
    const { status, json } = await post(path, { payloads: [await encoded()] }, headers);
    expect({ status, json }).toEqual({
      status: 401,
      json: { error: 'the token is missing or wrong' },
    });
  });

  it('lets only the UI read its answers', async () => {
    const preflight = async (origin: string) => {
      const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' };
      const response = await fetch(`${url}/${token}/decode`, { method: 'OPTIONS', headers });
      return response.headers.get('access-control-allow-origin');
    };
    expect(await preflight(UI)).toBe(UI);
    expect(await preflight('http://evil.example')).toBeNull();
    const { headers } = await post(
      `/${token}/decode`,
      { payloads: [] },
      { Origin: 'http://evil.example' },
    );
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('says why it cannot decode, and nothing of what is in it', async () => {
    const payload = await encoded();
    const bytes = Buffer.from(payload.data, 'base64');
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    const tampered = { ...payload, data: bytes.toString('base64') };
    const { status, json } = await post(`/${token}/decode`, { payloads: [tampered] });
    expect(status).toBe(400);
    expect(json.error).toContain('was altered');
  });

  it.each([
    ['no JSON', '{', 400],
    ['no payloads', {}, 400],
    ['data that is no base64', { payloads: [{ data: '*' }] }, 400],
    ['too many payloads', { payloads: Array.from({ length: 1_001 }, () => ({})) }, 400],
    ['too many bytes', 'x'.repeat(8 * 1024 * 1024 + 1), 413],
  ])('refuses %s', async (_, body, status) => {
    expect((await post(`/${token}/decode`, body)).status).toBe(status);
  });

  it('takes POST only', async () => {
    expect((await fetch(`${url}/${token}/decode`)).status).toBe(405);
    expect((await post(`/${token}/keys`, {})).status).toBe(404);
  });
});
