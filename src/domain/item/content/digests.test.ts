import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, contentHashOf, hashOf, sha256Hex } from '../../canonical.ts';
import { chainEvents, eventHash, GENESIS_HASH, type ItemEvent, verifyChain } from '../event.ts';

describe('canonical JSON', () => {
  it('writes the example of RFC 8785, section 3.2.2', () => {
    const value = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
        String.raw`"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",` +
        '"literals":[null,true,false]}',
    );
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  it('sorts names by UTF-16 code units, as section 3.2.3 shows', () => {
    const value = JSON.parse(
      String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",` +
        String.raw`"1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control",` +
        String.raw`"\u00f6":"Latin Small Letter O With Diaeresis"}`,
    );
    expect(Object.values(JSON.parse(canonicalJson(value)))).toHaveLength(7);
    expect([...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map(([, name]) => name)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('writes the number %s of its appendix B as %s', (bits, text) => {
    expect(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text);
  });

  it.each([[undefined], [Number.NaN], [Number.POSITIVE_INFINITY], [() => 1]])(
    'refuses %s, which has no JSON form',
    (value) => {
      expect(() => canonicalJson(value)).toThrow();
    },
  );

  it('does not depend on the order in which an object was built', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      }),
      { numRuns: 50 },
    );
  });
});

describe('SHA-256', () => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ])('of %j is known', (text, hash) => {
    expect(sha256Hex(text)).toBe(hash);
  });

  it('agrees with another implementation on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(sha256Hex(text)).toBe(createHash('sha256').update(text, 'utf8').digest('hex'));
      }),
      { numRuns: 50 },
    );
  });

  it('of content covers the brief and the draft', () => {
    expect(contentHashOf({ briefHash: 'aa', draftHash: 'bb' })).toBe(
      '619101672904c07d101ca21b5633fcedd0f728a3b24a593013b67c119dd1843b',
    );
    expect(contentHashOf({ briefHash: 'ab', draftHash: 'bb' })).not.toBe(
      contentHashOf({ briefHash: 'aa', draftHash: 'bb' }),
    );
    expect(hashOf({ b: 1, a: 2 })).toBe(hashOf({ a: 2, b: 1 }));
  });
});

describe('the chain of events', () => {
  const first = {
    seq: 1,
    at: '2027-01-04T10:00:00.000Z',
    type: 'item.started',
    actor: 'mbr_1',
    data: { zone: 'Europe/Paris é', playbook: { version: 1, name: 'standard' } },
    prevHash: GENESIS_HASH,
  } as const;

  /** sha256sum over 64 zeros and the canonical text of {seq, at, type, actor, data}. */
  const KNOWN = '457d7880c95b4b59f0627a73d21477f5ec22489a5aba63d100bfc4e44e795fa3';

  it('begins with 64 zeros and hashes as published', () => {
    expect(GENESIS_HASH).toBe('0'.repeat(64));
    expect(eventHash(first)).toBe(KNOWN);
  });

  function chain(length: number): ItemEvent[] {
    const records = Array.from({ length }, (_, index) => ({
      type: 'draft.saved' as const,
      data: { version: index },
    }));
    return chainEvents({ seq: 0, hash: GENESIS_HASH }, records, { at: first.at, actor: 'mbr_1' });
  }

  it('links each event to the one before', () => {
    const events = chain(3);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(events[1]?.prevHash).toBe(events[0]?.hash);
    expect(verifyChain(events)).toBeNull();
    const head = { seq: 1, hash: events[0]?.hash ?? '' };
    expect(verifyChain(events.slice(1), head)).toBeNull();
    expect(verifyChain([])).toBeNull();
  });

  it.each<[string, (event: ItemEvent) => ItemEvent]>([
    ['data', (event) => ({ ...event, data: { version: 9 } })],
    ['actor', (event) => ({ ...event, actor: 'mbr_2' })],
    ['time', (event) => ({ ...event, at: '2027-01-04T10:00:00.001Z' })],
    ['type', (event) => ({ ...event, type: 'brief.saved' })],
    ['previous hash', (event) => ({ ...event, prevHash: GENESIS_HASH })],
    ['hash', (event) => ({ ...event, hash: GENESIS_HASH })],
    [
      'data and its hash',
      (event) => {
        const changed = { ...event, data: { version: 9 } };
        return { ...changed, hash: eventHash(changed) };
      },
    ],
  ])('does not verify once the %s of an event is another', (_, tamper) => {
    const events = chain(4);
    const tampered = events.map((event, index) => (index === 1 ? tamper(event) : event));
    expect(verifyChain(tampered)?.code).toBe('chain_broken');
  });

  it('does not verify with an event left out, repeated or moved', () => {
    const [a, b, c] = chain(3) as [ItemEvent, ItemEvent, ItemEvent];
    expect(verifyChain([a, c])).toEqual({ code: 'event_gap', seq: 2 });
    expect(verifyChain([a, a, b])).toEqual({ code: 'event_gap', seq: 2 });
    expect(verifyChain([b, a, c])).toEqual({ code: 'event_gap', seq: 1 });
  });
});
