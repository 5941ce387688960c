import { createHash, randomBytes } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import type { BoxKey } from '../credentials/secret-box.ts';
import { createPayloadCodec } from './payload-codec.ts';

const VALUE = { evidence: 'the canary sings: é 日本 😀' };

function newKey(): BoxKey {
  const bytes = randomBytes(32);
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes };
}

const oldKey = newKey();
const key = newKey();
const codec = createPayloadCodec({ current: key, all: [key] });
const plain = (): Payload => defaultPayloadConverter.toPayload(VALUE);

async function encrypted(): Promise<Payload> {
  const [payload] = await codec.encode([plain()]);
  if (payload === undefined) throw new Error('no payload came back');
  return payload;
}

function textsOf({ metadata, data }: Payload = {}): string[] {
  return [metadata?.['encoding'], data].map((bytes) => Buffer.from(bytes ?? []).toString());
}

describe('the payload codec', () => {
  it('gives back what it was given, and nothing of it can be read on the way', async () => {
    const payload = await encrypted();
    expect(JSON.stringify(payload)).not.toContain('canary');
    expect(Buffer.from(payload.data ?? []).includes('canary')).toBe(false);
    const [again] = await codec.decode([payload]);
    expect(defaultPayloadConverter.fromPayload(again ?? {})).toEqual(VALUE);
    expect(textsOf(again)).toEqual(textsOf(plain()));
  });

  it('never encrypts alike twice', async () => {
    const [one, other] = await codec.encode([plain(), plain()]);
    expect(one?.data).not.toEqual(other?.data);
  });

  it('reads what was stored before there was a key', async () => {
    expect(await codec.decode([plain()])).toEqual([plain()]);
  });

  it('reads what an earlier key encrypted, and encrypts with the present one', async () => {
    const [old = {}] = await createPayloadCodec({ current: oldKey, all: [oldKey] }).encode([
      plain(),
    ]);
    const rotated = createPayloadCodec({ current: key, all: [key, oldKey] });
    const [read = {}] = await rotated.decode([old]);
    expect(defaultPayloadConverter.fromPayload(read)).toEqual(VALUE);
    const [fresh] = await rotated.encode([plain()]);
    expect(Buffer.from(fresh?.metadata?.['encryption-key-id'] ?? []).toString()).toBe(key.id);
  });

  it('encrypts nothing more once it is off, and still reads what was encrypted', async () => {
    const off = createPayloadCodec({ current: null, all: [key] });
    expect(await off.encode([plain()])).toEqual([plain()]);
    const [read] = await off.decode([await encrypted()]);
    expect(textsOf(read)).toEqual(textsOf(plain()));
  });

  it('names the key that it does not know', async () => {
    const other = createPayloadCodec({ current: oldKey, all: [oldKey] });
    await expect(other.decode([await encrypted()])).rejects.toThrow(`unknown key ${key.id}`);
  });

  it('refuses another key under the same id', async () => {
    const wrong = { id: key.id, bytes: randomBytes(32) };
    const other = createPayloadCodec({ current: wrong, all: [wrong] });
    await expect(other.decode([await encrypted()])).rejects.toThrow('was altered');
  });

  it.each([0, 12, -1])('refuses a payload whose byte %s was changed', async (index) => {
    const payload = await encrypted();
    const data = Buffer.from(payload.data ?? []);
    const at = index < 0 ? data.length + index : index;
    data[at] = (data[at] ?? 0) ^ 1;
    await expect(codec.decode([{ ...payload, data }])).rejects.toThrow('was altered');
  });

  it.each(['', 'x'])('refuses one that is too short: %j', async (text) => {
    const payload = await encrypted();
    await expect(codec.decode([{ ...payload, data: Buffer.from(text) }])).rejects.toThrow(
      'too short',
    );
  });

  it('takes payloads without data or metadata', async () => {
    const [empty] = await codec.decode(await codec.encode([{}]));
    expect(empty).toEqual({ metadata: {}, data: Buffer.alloc(0) });
    const nothing = { ...defaultPayloadConverter.toPayload(undefined), data: [] as never };
    const [none = {}] = await codec.decode(await codec.encode([nothing]));
    expect(defaultPayloadConverter.fromPayload(none)).toBeUndefined();
    expect(await codec.encode([])).toEqual([]);
  });
});
