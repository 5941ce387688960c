import { describe, expect, it } from 'vitest';
import { githubSignatureOf, verifyGithubDelivery } from './github-signature.ts';

/** The example of GitHub's documentation ("Validating webhook deliveries"). */
const secret = "It's a Secret to Everybody";
const body = Buffer.from('Hello, World!');
const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
const id = '72d3162e-cc78-11e3-81ab-4c9367dc0958';

const verified = (change: object = {}, secrets = [secret], bytes = body) =>
  verifyGithubDelivery(bytes, { id, signature, ...change }, { secrets });

describe('a delivery that GitHub signed', () => {
  it('is the one of its documentation', () => {
    expect(githubSignatureOf(body, secret)).toBe(signature);
    expect(verified()).toBe(id);
    expect(verified({}, ['another one', secret])).toBe(id);
  });

  it.each([
    ['no id', { id: undefined }],
    ['an id with a dot', { id: 'a.b' }],
    ['an id that is too long', { id: 'a'.repeat(65) }],
    ['no signature', { signature: undefined }],
    ['the signature of before, SHA-1', { signature: `sha1=${'0'.repeat(40)}` }],
    ['capital letters', { signature: signature.toUpperCase() }],
  ])('is refused with %s', (_, change) => {
    expect(verified(change)).toBeNull();
  });

  it('is refused with another body or another secret', () => {
    expect(verified({}, [secret], Buffer.from('Hello, World?'))).toBeNull();
    expect(verified({}, ['another one'])).toBeNull();
    expect(verified({}, [])).toBeNull();
  });
});
