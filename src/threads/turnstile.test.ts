import { describe, expect, it } from 'vitest';
import { createTurnstile } from './turnstile.ts';

describe('a turnstile', () => {
  it('lets so many of one key in, the others in the order they came', async () => {
    const turnstile = createTurnstile(2);
    const entered: number[] = [];
    const turns = [1, 2, 3, 4].map(async (number) => {
      const leave = await turnstile.enter('a', 60_000);
      entered.push(number);
      return leave;
    });
    const first = await turns[0];
    await turns[1];
    expect(entered).toEqual([1, 2]);
    first?.();
    const third = await turns[2];
    expect(entered).toEqual([1, 2, 3]);
    third?.();
    await turns[3];
    expect(entered).toEqual([1, 2, 3, 4]);
  });

  it('keeps keys apart', async () => {
    const turnstile = createTurnstile(1);
    await turnstile.enter('a', 60_000);
    expect(await turnstile.enter('b', 60_000)).toBeTypeOf('function');
  });

  it('gives nothing to who waited too long, and their place to nobody', async () => {
    const turnstile = createTurnstile(1);
    const leave = await turnstile.enter('a', 60_000);
    expect(await turnstile.enter('a', 1)).toBeNull();
    leave?.();
    expect(await turnstile.enter('a', 1)).toBeTypeOf('function');
    expect(await turnstile.enter('a', 1)).toBeNull();
  });
});
