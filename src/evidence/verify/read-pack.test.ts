import { Buffer } from 'node:buffer';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { MAX_UNPACKED_BYTES } from '../pack-format.ts';
import { unpack } from './read-pack.ts';
import { verifyPack } from './verify-pack.ts';

const MANIFEST = { 'manifest.json': strToU8('{}\n') };

async function firstFault(bytes: Uint8Array) {
  const { faults, summary } = await verifyPack(bytes);
  expect(summary).toBeNull();
  return faults[0];
}

/** Puts another number where the directory of a zip says how large a file unfolds. */
function withSize(zip: Uint8Array, size: number): Uint8Array {
  const bytes = Buffer.from(zip);
  const entry = bytes.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
  bytes.writeUInt32LE(size, entry + 24);
  return bytes;
}

describe('what is given as a pack', () => {
  it.each([
    '../../etc/passwd',
    '/etc/passwd',
    'C:\\pack.json',
    'histories/../../x.jsonl',
    'histories/0.jsonl',
    'events.jsonl/',
    'EVENTS.jsonl',
    '.bashrc',
  ])('holds no file named %s', async (name) => {
    const fault = await firstFault(zipSync({ ...MANIFEST, [name]: strToU8('x') }));
    expect(fault?.message).toContain('which no pack has');
  });

  it('is a whole zip', async () => {
    const zip = zipSync({ ...MANIFEST, 'events.jsonl': strToU8('x'.repeat(10_000)) });
    for (const length of [0, 1, 10, zip.length / 2, zip.length - 1]) {
      const fault = await firstFault(zip.subarray(0, length));
      expect(fault, `${length} bytes`).toMatchObject({ file: 'the pack' });
    }
    expect(await firstFault(strToU8('no zip at all'))).toMatchObject({
      message: 'is no whole zip',
    });
  });

  it('unfolds to no more than a pack may have, by what it says', async () => {
    const bomb = zipSync({ 'events.jsonl': new Uint8Array(1_000_000), ...MANIFEST });
    expect(bomb.length).toBeLessThan(5_000);
    const fault = await firstFault(withSize(bomb, MAX_UNPACKED_BYTES + 1));
    expect(fault).toMatchObject({ file: 'events.jsonl' });
    expect(fault?.message).toContain('unfolds to more');
  });

  it('unfolds to no more than it says, whatever is in it', () => {
    const bomb = zipSync({ 'events.jsonl': new Uint8Array(10_000_000), ...MANIFEST });
    const bytes = unpack(withSize(bomb, 10)).get('events.jsonl');
    expect(bytes?.buffer.byteLength).toBeLessThanOrEqual(10);
  });

  it('has a manifest of its kind', async () => {
    expect(await firstFault(zipSync({ 'events.jsonl': strToU8('') }))).toMatchObject({
      file: 'manifest.json',
      message: 'is missing',
    });
    expect(await firstFault(zipSync(MANIFEST))).toMatchObject({
      file: 'manifest.json',
      field: 'format',
    });
  });
});
