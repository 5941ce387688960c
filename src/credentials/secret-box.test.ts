import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openForHolder, sealForHolder } from './holder-seal.ts';
import { createSecretBox, SecretUnreadable } from './secret-box.ts';

const key = (id: string) => ({ id, bytes: randomBytes(32) });
const current = key('aaaaaaaa');
const previous = key('bbbbbbbb');
const box = createSecretBox({ current, all: [current, previous] });

describe('secret box', () => {
  it('opens what it sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (secret, purpose) => {
        expect(box.open(box.seal(secret, purpose), purpose)).toBe(secret);
      }),
    );
  });

  it('never shows the secret and never seals the same way twice', () => {
    const canary = `canary-${randomBytes(12).toString('hex')}`;
    const sealed = box.seal(canary, 'webhook:1');
    expect(sealed).not.toContain(canary);
    expect(Buffer.from(sealed.split('.')[2] ?? '', 'base64url').includes(canary)).toBe(false);
    expect(box.seal(canary, 'webhook:1')).not.toBe(sealed);
  });

  it('opens what an earlier key sealed, and seals with the current one', () => {
    const earlier = createSecretBox({ current: previous, all: [previous] });
    expect(box.open(earlier.seal('secret', 'p'), 'p')).toBe('secret');
    expect(box.seal('secret', 'p')).toMatch(/^v1\.aaaaaaaa\./);
    expect(() => earlier.open(box.seal('secret', 'p'), 'p')).toThrow(/unknown key aaaaaaaa/);
  });

  it('refuses another purpose', () => {
    expect(() => box.open(box.seal('secret', 'webhook:1'), 'webhook:2')).toThrow(SecretUnreadable);
  });

  it('refuses every altered byte', () => {
    const sealed = box.seal('a secret', 'p');
    const [version, id, body = ''] = sealed.split('.');
    const bytes = Buffer.from(body, 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8((bytes[index] ?? 0) ^ 1, index);
      const text = `${version}.${id}.${altered.toString('base64url')}`;
      expect(() => box.open(text, 'p')).toThrow(SecretUnreadable);
    }
  });

  it.each(['', 'v1', 'v1.aaaaaaaa', 'v2.aaaaaaaa.AAAA', 'v1.aaaaaaaa.AAAA', 'a.b.c.d'])(
    'refuses %j',
    (text) => {
      expect(() => box.open(text, 'p')).toThrow(SecretUnreadable);
    },
  );
});

describe('holder seal', () => {
  it('opens for its holder and purpose only', () => {
    const sealed = sealForHolder(Buffer.from('answer'), 'bk_1.secret', 'POST /v1/api-keys k1');
    const open = (holder: string, purpose: string) => openForHolder(sealed, holder, purpose);
    expect(open('bk_1.secret', 'POST /v1/api-keys k1').toString()).toBe('answer');
    expect(() => open('bk_2.secret', 'POST /v1/api-keys k1')).toThrow(SecretUnreadable);
    expect(() => open('bk_1.secret', 'POST /v1/api-keys k2')).toThrow(SecretUnreadable);
    expect(sealed.includes('answer')).toBe(false);
  });
});
