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

  it('that lets nobody out for too long dismisses everybody who waits, until somebody leaves', async () => {
    const turnstile = createTurnstile(1, { patienceMs: 5 });
    const leave = await turnstile.enter('a', 60_000);
    expect(await Promise.all([1, 2].map(() => turnstile.enter('a', 60_000)))).toEqual([null, null]);
    expect(await turnstile.enter('a', 60_000)).toBeNull();
    leave?.();
    const next = await turnstile.enter('a', 60_000);
    expect(next).toBeTypeOf('function');
    next?.();
    expect(await turnstile.enter('b', 60_000)).toBeTypeOf('function');
  });

  it('that goes on lets people wait for as long as they like', async () => {
    const turnstile = createTurnstile(1, { patienceMs: 60_000 });
    const first = await turnstile.enter('a', 60_000);
    const waiting = [1, 2, 3].map(async () => {
      const leave = await turnstile.enter('a', 60_000);
      leave?.();
      return leave;
    });
    first?.();
    expect((await Promise.all(waiting)).every((leave) => leave !== null)).toBe(true);
  });
});
