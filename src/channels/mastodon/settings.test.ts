import { describe, expect, it } from 'vitest';
import { MastodonCredentials, MastodonSettings } from './settings.ts';

describe('settings of a Mastodon account', () => {
  it('have defaults', () => {
    expect(MastodonSettings.parse({ server: 'https://mastodon.social' })).toEqual({
      server: 'https://mastodon.social',
      software: 'mastodon',
      visibility: 'public',
      sensitive: false,
    });
  });

  it.each([
    'https://mastodon.social/',
    'https://social.example:8443',
    'http://127.0.0.1:4010',
    'http://localhost:4010',
    'http://[::1]:4010',
  ])('%s is a server', (server) => {
    expect(MastodonSettings.safeParse({ server }).success).toBe(true);
  });

  it.each([
    'mastodon.social',
    'http://mastodon.social',
    'http://127.0.0.1.example',
    'https://user:pass@mastodon.social',
    'https://mastodon.social/api',
    'https://mastodon.social/?a=b',
    'https://mastodon.social/#a',
    'ftp://mastodon.social',
    '',
  ])('%j is none', (server) => {
    expect(MastodonSettings.safeParse({ server }).success).toBe(false);
  });

  it('hold nothing else, and no direct messages', () => {
    const server = 'https://mastodon.social';
    expect(MastodonSettings.safeParse({ server, accessToken: 'x' }).success).toBe(false);
    expect(MastodonSettings.safeParse({ server, visibility: 'direct' }).success).toBe(false);
  });

  it.each(['', 'a b', 'a\r\nx: y', 'é'])('%j is no token', (accessToken) => {
    expect(MastodonCredentials.safeParse({ accessToken }).success).toBe(false);
  });
});
