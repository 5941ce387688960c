import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { bytesOf } from './file-bytes.ts';

const BYTES = Buffer.from('what was approved');
const hash = createHash('sha256').update(BYTES).digest('hex');
const file = (...chunks: Buffer[]) => ({
  hash,
  size: BYTES.length,
  open: async () => Readable.from(chunks),
});

it('a file is read whole, in whatever pieces it comes', async () => {
  expect(await bytesOf(file(BYTES))).toEqual(new Uint8Array(BYTES));
  expect(await bytesOf(file(BYTES.subarray(0, 4), BYTES.subarray(4)))).not.toBeNull();
});

it('a file that is shorter, longer or another one is none', async () => {
  expect(await bytesOf(file(BYTES.subarray(1)))).toBeNull();
  expect(await bytesOf(file(BYTES, BYTES))).toBeNull();
  expect(await bytesOf(file(Buffer.from('WHAT was approved')))).toBeNull();
});

it('a file that is gone is none', async () => {
  const gone = { ...file(), open: () => Promise.reject(new Error('gone')) };
  expect(await bytesOf(gone)).toBeNull();
});
