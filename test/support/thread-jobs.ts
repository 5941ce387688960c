import { jobOf } from '../../src/threads/threads.ts';

export function shoutOf(text: string): string {
  if (text === '') throw new RangeError('nothing to shout');
  return `${text.toUpperCase()}!`;
}

/** Never gives the thread back. */
export function spinOn(_: null): never {
  for (;;);
}

export function hoardOn(_: null): never {
  const kept: number[][] = [];
  for (;;) kept.push(Array.from({ length: 100_000 }, Math.random));
}

export const shout = jobOf(import.meta, shoutOf);
export const spin = jobOf(import.meta, spinOn);
export const hoard = jobOf(import.meta, hoardOn);
