import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MastodonFault } from '../../../test/support/mastodon/faults.ts';
import {
  account,
  accountOf,
  channel,
  channelAt,
  HOUR_MS,
  type OwnAccount,
  own,
  PATIENCE_MS,
  published,
  request,
  server,
  start,
  stop,
} from '../../../test/support/mastodon/fixture.ts';
import { type MastodonServer, startMastodonServer } from '../../../test/support/mastodon/server.ts';
import { describeChannel } from '../channel.testsuite.ts';
import type { Channel } from '../channel.ts';

afterEach(stop);

describe.each([
  { mode: 'a server that honours the key', keyWindowMs: HOUR_MS, software: 'mastodon' },
  { mode: 'a server that ignores the key', keyWindowMs: null, software: 'gotosocial' },
])('Mastodon, $mode', ({ mode, keyWindowMs, software }) => {
  let mastodon: MastodonServer;
  let adapter: Channel;
  // The suite's posts all have one text: each test has an account of its own, as a marker has a post.
  let poster: OwnAccount;
  beforeAll(async () => {
    mastodon = await startMastodonServer({ keyWindowMs });
    adapter = channelAt(mastodon);
  });
  beforeEach(() => {
    poster = mastodon.newAccount();
  });
  afterAll(() => mastodon.close());

  describeChannel(mode, () => ({
    channel: adapter,
    account: accountOf(mastodon, poster, { software }),
    accepted: () => mastodon.network.of(poster.id).length,
    fail: async (_, fault) => mastodon.fail(poster, fault),
  }));

  it(`sent twice with one key, ${keyWindowMs === null ? 'two posts' : 'one post'}`, async () => {
    const sent = request(accountOf(mastodon, poster, { software }));
    const first = await adapter.publish(sent);
    const second = await adapter.publish(sent);
    expect(first).toMatchObject({ outcome: 'published' });
    expect(second).toMatchObject({ outcome: 'published' });
    const accepted = mastodon.network.of(poster.id);
    expect(accepted).toHaveLength(keyWindowMs === null ? 2 : 1);
    expect(accepted.every(({ idempotencyKey }) => idempotencyKey === sent.key)).toBe(true);
  });
});

describe('the key', () => {
  it('holds for an hour: the adapter counts on less, and after it a repetition is a second post', async () => {
    let now = Date.now();
    await start({ now: () => now });
    expect(channel.idempotencyOf(account)).toEqual({ exact_for: 3_300_000 });
    const sent = request(account);
    await published(sent);
    now += 3_300_000;
    await published(sent);
    expect(server.network.of(own.id)).toHaveLength(1);
    now += HOUR_MS;
    await published(sent);
    expect(server.network.of(own.id)).toHaveLength(2);
  });

  it('used for another text is unknown: the first post is live', async () => {
    let now = Date.now() - 120_000;
    await start({ now: () => now });
    const sent = request(account);
    await published(sent);
    now += 120_000;
    const edited = { ...sent, content: { ...sent.content, text: 'Une autre' } };
    expect(await channel.publish(edited)).toMatchObject({
      outcome: 'unknown',
      code: 'key_used_for_other_content',
    });
    expect(await channel.publish(sent)).toMatchObject({ outcome: 'published' });
  });

  it.each([
    [{}, { exact_for: 3_300_000 }],
    [{ software: 'mastodon' }, { exact_for: 3_300_000 }],
    [{ software: 'hollo' }, 'match'],
    [{ software: 'gotosocial' }, 'match'],
    [{ software: 'other' }, 'match'],
    [{ software: 'other', honoursIdempotencyKey: true }, { exact_for: 3_300_000 }],
    [{ software: 'mastodon', honoursIdempotencyKey: false }, 'match'],
    [{ software: 'unheard of' }, 'match'],
  ])('settings %j promise %j', async (settings, promised) => {
    await start();
    expect(channel.idempotencyOf({ settings: { server: server.origin, ...settings } })).toEqual(
      promised,
    );
  });
});

describe('refusals', () => {
  it('a rate limit says until when', async () => {
    await start();
    server.fail(own, 'limits the rate', new Date(Date.now() + 90_000).toISOString());
    const outcome = await channel.publish(request(account));
    expect(outcome).toMatchObject({ outcome: 'retryable', code: 'rate_limited' });
    const { retryAfterMs } = outcome as Extract<typeof outcome, { outcome: 'retryable' }>;
    expect(retryAfterMs).toBeGreaterThan(80_000);
    expect(retryAfterMs).toBeLessThanOrEqual(90_000);
  });

  it.each([
    ['tomorrow', 300_000],
    ['2020-01-01T00:00:00Z', 1_000],
    ['9999-01-01T00:00:00Z', 86_400_000],
  ])('a reset of %s is a wait of %i ms', async (resetAt, retryAfterMs) => {
    await start();
    server.fail(own, 'limits the rate', resetAt);
    expect(await channel.publish(request(account))).toMatchObject({ retryAfterMs });
  });

  it('a token without the scope, an unknown token and none are final', async () => {
    await start();
    const weak = accountOf(server, server.newAccount(['read:accounts']));
    expect(await channel.publish(request(weak))).toMatchObject({ code: 'not_permitted' });
    const gone = { ...account, credentials: { accessToken: 'gone' } };
    expect(await channel.publish(request(gone))).toMatchObject({ code: 'credentials_refused' });
    const bare = { ...account, credentials: null };
    expect(await channel.publish(request(bare))).toMatchObject({ code: 'credentials_refused' });
  });

  it('the token is in no message, even when the server quotes it', async () => {
    await start();
    server.fail(own, 'echoes the token');
    const outcome = await channel.publish(request(account));
    expect(outcome).toMatchObject({ outcome: 'rejected', code: 'not_permitted' });
    expect(JSON.stringify(outcome)).not.toContain(own.token);
  });

  it('a parent that is gone is final', async () => {
    await start();
    const parent = { remoteId: '1', permalink: null, at: '2026-11-02T09:00:00.000Z' };
    const reply = { ...request(account), replyTo: { parent, root: parent } };
    expect(await channel.publish(reply)).toMatchObject({ code: 'content_refused' });
  });

  it('an address that may not be called is final, a server that is down is not', async () => {
    await start();
    const inside = { ...account, settings: { server: 'https://10.0.0.1' } };
    expect(await channel.publish(request(inside))).toMatchObject({ code: 'account_unknown' });
    await server.close();
    expect(await channel.publish(request(account))).toMatchObject({ code: 'unreachable' });
    expect(await channel.lookup(request(account))).toMatchObject({ outcome: 'cannot_tell' });
  });
});

describe('hostile answers', () => {
  it.each<MastodonFault>([
    'accepts and redirects',
    'accepts and answers nothing',
    'accepts and answers in plain text',
    'accepts and answers another shape',
    'accepts and never ends its answer',
    'accepts and answers far too much',
  ])('a server that %s leaves an unknown outcome; the post is found', async (fault) => {
    await start();
    const sent = request(account);
    const waits = fault === 'accepts and never ends its answer' ? 2_000 : PATIENCE_MS;
    server.fail(own, fault);
    expect(await channel.publish({ ...sent, signal: AbortSignal.timeout(waits) })).toMatchObject({
      outcome: 'unknown',
    });
    const found = await channel.lookup(sent);
    expect(found).toMatchObject({ outcome: 'found', others: [] });
    expect(server.network.of(own.id)).toHaveLength(1);
  });
});
