import type { LookupAddress } from 'node:dns';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardedLookup, isPublicAddress, type ResolvedAddress } from './address-guard.ts';

describe('isPublicAddress', () => {
  it.each([
    '1.1.1.1',
    '93.184.216.34',
    '2606:4700:4700::1111',
    '2a00:1450:4007::1',
    '::ffff:1.1.1.1',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:a9fe:a9fe',
    '::ffff:10.0.0.1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '4000::1',
    '2130706433',
    '127.1',
    'example.com',
    '',
  ])('%j is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('no address of a private IPv4 network is public, mapped into IPv6 or not', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const network = fc.constantFrom('10', '127', '0', '192.168', '169.254', '172.20', '100.100');
    fc.assert(
      fc.property(network, octet, octet, octet, (start, ...rest) => {
        const address = `${start}.${rest.join('.')}`.split('.').slice(0, 4).join('.');
        expect(isPublicAddress(address)).toBe(false);
        expect(isPublicAddress(`::ffff:${address}`)).toBe(false);
      }),
    );
  });
});

describe('guardedLookup', () => {
  const v4 = (address: string): ResolvedAddress => ({ address, family: 4 });
  const v6 = (address: string): ResolvedAddress => ({ address, family: 6 });

  function lookup(
    answers: ResolvedAddress[][],
    options: { all?: boolean } = { all: true },
  ): Promise<string | LookupAddress[]> {
    let asked = 0;
    const guarded = guardedLookup(async () => answers[asked++] ?? []);
    return new Promise((resolve, reject) => {
      guarded('name.example', options, (error, addresses) => {
        if (error) reject(error);
        else resolve(addresses);
      });
    });
  }

  it('hands over exactly the addresses it checked, asking once', async () => {
    const flip = [[v4('1.1.1.1'), v6('2606:4700::1')], [v4('127.0.0.1')]];
    expect(await lookup(flip)).toEqual([v4('1.1.1.1'), v6('2606:4700::1')]);
    expect(await lookup([[v4('1.1.1.1')]], {})).toBe('1.1.1.1');
  });

  it('one private address among public ones refuses the name', async () => {
    await expect(lookup([[v4('1.1.1.1'), v6('::1')]])).rejects.toThrow(
      'name.example leads to ::1, which is not a public address',
    );
  });

  it('a name without an address and a resolver that fails are errors', async () => {
    await expect(lookup([[]])).rejects.toMatchObject({ code: 'ENOTFOUND' });
    const failing = guardedLookup(async () => {
      throw Object.assign(new Error('no'), { code: 'EAI_AGAIN' });
    });
    await expect(
      new Promise((_, reject) => failing('name.example', { all: true }, reject)),
    ).rejects.toMatchObject({ code: 'EAI_AGAIN' });
  });
});
