import { describe, expect, it } from 'vitest';
import { createMemorySessions } from '../../channels/channel-sessions.ts';
import { keptToken } from './kept-token.ts';

const HOUR_MS = 3_600_000;

/** Logins of one connection, on a clock that the test sets. */
function connection() {
  const clock = { at: 0 };
  const means = { sessions: createMemorySessions(), ownerId: 'msr_1', now: () => clock.at };
  let logins = 0;
  return {
    clock,
    logins: () => logins,
    ask: (secret: unknown, refused: string | null = null) =>
      keptToken(means, {
        secret,
        refused,
        async login() {
          logins += 1;
          return { token: `token-${logins}`, until: clock.at + HOUR_MS };
        },
      }),
    fail: (secret: unknown) =>
      keptToken(means, {
        secret,
        refused: null,
        login: async () => ({ unavailable: 'no', retry: true }),
      }),
  };
}

describe('a kept token', () => {
  it('is given once for all who ask at once', async () => {
    const { ask, logins } = connection();
    const tokens = await Promise.all([ask('s'), ask('s'), ask('s')]);
    expect(new Set(tokens)).toEqual(new Set(['token-1']));
    expect(logins()).toBe(1);
  });

  it('serves nobody with other credentials', async () => {
    const { ask } = connection();
    expect(await ask({ key: 'mine' })).toBe('token-1');
    expect(await ask({ key: 'theirs' })).toBe('token-2');
  });

  it('is given again when it is over, or refused', async () => {
    const { ask, clock } = connection();
    expect(await ask('s')).toBe('token-1');
    clock.at = HOUR_MS;
    expect(await ask('s')).toBe('token-2');
    expect(await ask('s', 'token-2')).toBe('token-3');
    // Somebody else renewed it meanwhile.
    expect(await ask('s', 'token-2')).toBe('token-3');
  });

  it('is none after a login that fails, and the next one is asked again', async () => {
    const { ask, fail } = connection();
    expect(await fail('s')).toEqual({ unavailable: 'no', retry: true });
    expect(await ask('s')).toBe('token-1');
  });
});
