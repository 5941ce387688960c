import { createHash } from 'node:crypto';

/** A draw that depends on nothing but its seed and subject: `unit` in [0, 1), and a whole number to choose by. */
export function drawOf(seed: string, subject: string): { unit: number; choice: number } {
  const digest = createHash('sha256').update(`${seed}\n${subject}`).digest();
  return { unit: digest.readUIntBE(0, 6) / 2 ** 48, choice: digest.readUInt32BE(6) };
}
