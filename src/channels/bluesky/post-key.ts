import { createHash } from 'node:crypto';

const ALPHABET = '234567abcdefghijklmnopqrstuvwxyz';
const LENGTH = 13;
const MINUTE_US = 60_000_000n;
const CLOCK_IDS = 1024n;

/**
 * The record key of a post: a TID (53 bits of microseconds, 10 bits of clock id, in sortable base 32) that is
 * the same for every attempt. The instant is when the post was due, less up to a minute by the hash of its key:
 * posts due at the same moment then share one of 6 × 10^10 keys only by an accident that does not happen.
 */
export function postKeyOf({ key, dueAt }: { key: string; dueAt: string }): string {
  const hash = createHash('sha256').update(key).digest();
  const dueUs = BigInt(Date.parse(dueAt)) * 1000n;
  const micros = dueUs - (hash.readBigUInt64BE(0) % MINUTE_US);
  let rest = micros * CLOCK_IDS + (hash.readBigUInt64BE(8) % CLOCK_IDS);
  let tid = '';
  for (let place = 0; place < LENGTH; place += 1) {
    tid = (ALPHABET[Number(rest & 31n)] ?? '') + tid;
    rest >>= 5n;
  }
  return tid;
}
