import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { createSecretBox } from '../../credentials/secret-box.ts';
import {
  newWebhookSecret,
  validSecrets,
  webhookPurpose,
} from '../../credentials/signing-secrets.ts';
import { signatureOf, signedHeaders, verifyDelivery } from './signature.ts';

const secret = newWebhookSecret();
const nowMs = Date.UTC(2026, 2, 2, 8);
const timestamp = String(nowMs / 1_000);
const id = 'msg_2KWPBgLlAfxdpx2AI54pPJ85f4W';
const body = Buffer.from('{"type":"accept_handoff","data":{"itemId":"itm_1"}}', 'utf8');

interface Delivery {
  body: Uint8Array;
  id: string | undefined;
  timestamp: string | undefined;
  signature: string | undefined;
}

const signed: Delivery = {
  body,
  id,
  timestamp,
  signature: signatureOf(body, { id, timestamp }, secret),
};

function accepts(delivery: Delivery, secrets = [secret], now = nowMs): boolean {
  return verifyDelivery(delivery.body, delivery, { secrets, nowMs: now }) !== null;
}

function signedAt(seconds: number): Delivery {
  const at = String(seconds);
  return { ...signed, timestamp: at, signature: signatureOf(body, { id, timestamp: at }, secret) };
}

describe('a signed delivery', () => {
  it('is accepted, with its id', () => {
    expect(verifyDelivery(body, signed, { secrets: [secret], nowMs })).toEqual({ webhookId: id });
  });

  it('is signed and verified as the reference library does', () => {
    const text = fc.string({ unit: 'grapheme' });
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
    fc.assert(
      fc.property(text, name, (payload, webhookId) => {
        const ownSecret = newWebhookSecret();
        const library = new Webhook(ownSecret);
        const now = new Date();
        const seconds = String(Math.floor(now.getTime() / 1_000));
        const theirs = library.sign(webhookId, now, payload);
        const ours = signatureOf(
          Buffer.from(payload, 'utf8'),
          { id: webhookId, timestamp: seconds },
          ownSecret,
        );
        expect(ours).toBe(theirs);
        const headers = {
          'webhook-id': webhookId,
          'webhook-timestamp': seconds,
          'webhook-signature': ours,
        };
        expect(() => library.verify(payload, headers, { jsonParse: false })).not.toThrow();
        const delivery = {
          body: Buffer.from(payload, 'utf8'),
          id: webhookId,
          timestamp: seconds,
          signature: theirs,
        };
        expect(accepts(delivery, [ownSecret], now.getTime())).toBe(true);
      }),
    );
  });

  it('is accepted by any of the secrets, and among up to five signatures', () => {
    const other = newWebhookSecret();
    expect(accepts(signed, [other, secret])).toBe(true);
    expect(accepts(signed, [other])).toBe(false);
    expect(accepts(signed, [])).toBe(false);
    const wrong = signatureOf(body, { id, timestamp }, other);
    const list = (count: number) =>
      [...Array.from({ length: count }, () => wrong), signed.signature].join(' ');
    expect(accepts({ ...signed, signature: list(4) })).toBe(true);
    expect(accepts({ ...signed, signature: list(5) })).toBe(false);
  });

  it('is accepted within five minutes either way and not a second more', () => {
    const seconds = nowMs / 1_000;
    for (const offset of [-300, -299, 0, 299, 300])
      expect(accepts(signedAt(seconds + offset)), String(offset)).toBe(true);
    for (const offset of [-301, 301, -100_000])
      expect(accepts(signedAt(seconds + offset)), String(offset)).toBe(false);
  });

  it.each([
    { what: 'no id', change: { id: undefined } },
    { what: 'no timestamp', change: { timestamp: undefined } },
    { what: 'no signature', change: { signature: undefined } },
    { what: 'an empty signature', change: { signature: '' } },
    {
      what: 'a version that is not known',
      change: { signature: `v2,${signed.signature?.slice(3)}` },
    },
    { what: 'a signature without its version', change: { signature: signed.signature?.slice(3) } },
    { what: 'a signature list with a comma', change: { signature: `${signed.signature},x` } },
  ])('is refused with $what', ({ change }) => {
    expect(accepts({ ...signed, ...change })).toBe(false);
  });

  it.each([
    { what: 'a dot in the id', at: { id: 'msg.1', timestamp } },
    { what: 'an id that is too long', at: { id: 'm'.repeat(65), timestamp } },
    { what: 'an empty id', at: { id: '', timestamp } },
    { what: 'letters after the timestamp', at: { id, timestamp: `${timestamp}abc` } },
    { what: 'a sign before the timestamp', at: { id, timestamp: `+${timestamp}` } },
    { what: 'a fraction', at: { id, timestamp: `${timestamp}.0` } },
    { what: 'a timestamp in milliseconds', at: { id, timestamp: String(nowMs) } },
  ])('is refused with $what, even validly signed', ({ at }) => {
    expect(accepts({ body, ...at, signature: signatureOf(body, at, secret) })).toBe(false);
  });

  it('is refused after every one of ten thousand mutations', () => {
    const original = Buffer.from(JSON.stringify([id, timestamp, signed.signature]));
    const bit = fc.record({
      part: fc.constantFrom('id', 'timestamp', 'signature', 'body', 'swap', 'cut', 'grow'),
      at: fc.nat(500),
      byte: fc.integer({ min: 1, max: 255 }),
    });
    let changed = 0;
    fc.assert(
      fc.property(bit, ({ part, at, byte }) => {
        const mutated = mutate(part, at, byte);
        const text = Buffer.from(
          JSON.stringify([mutated.id, mutated.timestamp, mutated.signature]),
        );
        if (text.equals(original) && Buffer.from(mutated.body).equals(body)) return;
        changed += 1;
        expect(accepts(mutated)).toBe(false);
      }),
      { numRuns: 10_000, seed: 19 },
    );
    expect(changed).toBeGreaterThan(9_900);
  });
});

function mutate(part: string, at: number, byte: number): Delivery {
  switch (part) {
    case 'id':
      return { ...signed, id: flip(id, at, byte) };
    case 'timestamp':
      return { ...signed, timestamp: flip(timestamp, at, byte) };
    case 'signature':
      return { ...signed, signature: flip(signed.signature ?? '', at, byte) };
    case 'body': {
      const bytes = Buffer.from(body);
      const index = at % bytes.length;
      bytes.writeUInt8((bytes[index] ?? 0) ^ byte, index);
      return { ...signed, body: bytes };
    }
    case 'swap':
      return {
        ...signed,
        id: id.split('').reverse().join(''),
        body: Buffer.concat([body, Buffer.from([byte])]),
      };
    case 'cut':
      return { ...signed, body: body.subarray(0, at % body.length) };
    default:
      return { ...signed, body: Buffer.concat([body, randomBytes(1 + (at % 8))]) };
  }
}

function flip(text: string, at: number, byte: number): string {
  const index = at % text.length;
  const code = text.charCodeAt(index) ^ (byte % 128 || 1);
  return text.slice(0, index) + String.fromCharCode(code) + text.slice(index + 1);
}

describe('the secrets of an endpoint', () => {
  const key = { id: 'aaaaaaaa', bytes: randomBytes(32) };
  const box = createSecretBox({ current: key, all: [key] });
  const stored = (value: string, expiresAt: string | null) => ({
    sealed: box.seal(value, webhookPurpose('whe_1')),
    createdAt: '2026-03-01T08:00:00.000Z',
    expiresAt,
  });

  it('are the newest, and the one before until it expires', () => {
    const [newest, previous] = [newWebhookSecret(), newWebhookSecret()];
    const endpoint = {
      id: 'whe_1',
      secrets: [stored(newest, null), stored(previous, new Date(nowMs).toISOString())],
    };
    const valid = (at: number) => validSecrets(endpoint, { secrets: box, nowMs: at });
    expect(valid(nowMs - 1)).toEqual([newest, previous]);
    expect(valid(nowMs)).toEqual([newest]);
  });

  it('are 32 random bytes, and short ones sign nothing', () => {
    expect(newWebhookSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newWebhookSecret()).not.toBe(newWebhookSecret());
    expect(() => signatureOf(body, { id, timestamp }, 'whsec_c2hvcnQ=')).toThrow(RangeError);
    expect(() => signatureOf(body, { id, timestamp }, '')).toThrow(RangeError);
  });
});

describe('the signed headers of a request', () => {
  const read = (headers: Record<string, string>) => signedHeaders((name) => headers[name]);
  const standard = { 'webhook-id': 'a', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AA' };
  const svix = { 'svix-id': 'a', 'svix-timestamp': '1', 'svix-signature': 'v1,AA' };
  const three = { id: 'a', timestamp: '1', signature: 'v1,AA' };

  it('have two names', () => {
    for (const headers of [standard, svix, { ...standard, ...svix }]) {
      expect(read(headers)).toEqual(three);
    }
  });

  it('are none where the two differ', () => {
    expect(read({ ...standard, 'svix-id': 'b' })).toEqual({ ...three, id: undefined });
    expect(read({ ...standard, 'svix-timestamp': '' })).toEqual({ ...three, timestamp: undefined });
    expect(read({ ...svix, 'webhook-signature': 'v1,BB' })).toEqual({
      ...three,
      signature: undefined,
    });
    expect(read({})).toEqual({ id: undefined, timestamp: undefined, signature: undefined });
  });
});
