import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  account,
  accountOf,
  channel,
  own,
  published,
  request,
  server,
  start,
  stop,
  TEXT,
} from '../../../test/support/mastodon/fixture.ts';
import { createHttpClient } from '../../http/http-client.ts';
import { createMastodonChannel } from './adapter.ts';

afterEach(stop);

describe('the look-up', () => {
  it('finds a text whatever the server made of it', async () => {
    await start();
    const link = `https://example.com/${'chemin/'.repeat(9)}?a=1&b=2`;
    const sent = request(account, {
      text: `Salut @ana@elsewhere.example,\nvoici\u202f: "l’été" & <3 #pain\n\n${link} 🥖`,
    });
    const post = await published(sent);
    expect(await channel.lookup(sent)).toEqual({
      outcome: 'found',
      post,
      others: [],
      byText: true,
    });
  });

  it('goes by the marker where a link of the text carries it', async () => {
    await start();
    const sent = request(account);
    const link = `https://example.com/pain?utm_id=${sent.marker}`;
    sent.content.text = `Nouveau\u00a0: ${link}`;
    const rewritten = server.network.seed(own, { status: `Nouveau : ${link} (modifié)` });
    const found = await channel.lookup(sent);
    expect(found).toMatchObject({ outcome: 'found', post: { remoteId: rewritten.id } });
    expect(found).not.toHaveProperty('byText');
  });

  it('takes no post of another application that reads the same', async () => {
    await start();
    const sent = request(account);
    server.network.seed(own, { status: sent.content.text }, { application: 'Web' });
    expect(await channel.lookup(sent)).toEqual({ outcome: 'absent' });
    const post = await published(sent);
    expect(await channel.lookup(sent)).toMatchObject({ outcome: 'found', post, others: [] });
  });

  it('says so where not all was read that may be the post', async () => {
    await start();
    const sent = request(account);
    await published(sent);
    const editedAt = new Date().toISOString();
    server.network.seed(own, { status: 'Une brioche, corrigée' }, { editedAt });
    expect(await channel.lookup(sent)).toMatchObject({ outcome: 'found', incomplete: true });
  });

  it('names every post that matches, the first one first', async () => {
    await start({ keyWindowMs: null });
    const sent = request(account);
    const [first, second] = [await published(sent), await published(sent)];
    expect(await channel.lookup(sent)).toEqual({
      outcome: 'found',
      post: first,
      others: [second],
      byText: true,
    });
  });

  it('reads page after page, and not what was posted before the due time', async () => {
    let now = Date.now() - 10 * 60_000;
    await start({ now: () => now });
    const sent = request(account);
    server.network.seed(own, { status: sent.content.text });
    now = Date.now();
    for (let i = 0; i < 90; i += 1) {
      server.network.seed(own, { status: `autre ${i}` }, i === 0 ? { reblog: true } : {});
    }
    expect(await channel.lookup(sent)).toEqual({ outcome: 'absent' });
    expect(server.requests.filter((path) => path.endsWith('/statuses'))).toHaveLength(3);
  });

  it('cannot tell when there are too many statuses to read', async () => {
    await start();
    const sent = request(account);
    const wanted = server.network.seed(own, { status: sent.content.text });
    for (let i = 0; i < 400; i += 1) server.network.seed(own, { status: `autre ${i}` });
    expect(wanted.id).toBeDefined();
    expect(await channel.lookup(sent)).toMatchObject({ outcome: 'cannot_tell' });
  });

  it('cannot tell when a status was edited that may have been the post', async () => {
    await start();
    const sent = request(account);
    const editedAt = new Date().toISOString();
    server.network.seed(own, { status: 'Une brioche, corrigée' }, { editedAt });
    expect(await channel.lookup(sent)).toMatchObject({ outcome: 'cannot_tell' });
  });

  it.each([
    ['in HTML', 'text/html', '<html>It works!</html>'],
    ['in another shape', 'application/json', '{"statuses":[]}'],
    ['with a status that has no time', 'application/json', '[{"id":"1","content":""}]'],
    ['with nothing', 'application/json', ''],
    [
      'with the same page for ever',
      'application/json',
      JSON.stringify([{ id: '1', created_at: '2999-01-01T00:00:00Z', content: TEXT }]),
    ],
  ])('cannot tell when the list comes %s', async (_, type, body) => {
    await start();
    const odd = createServer((asked, response) => {
      const own = asked.url?.endsWith('/verify_credentials') === true;
      response.writeHead(200, { 'content-type': own ? 'application/json' : type });
      response.end(own ? '{"id":"1"}' : body);
    });
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`;
    const there = createMastodonChannel({ http: createHttpClient({ allowedOrigins: [origin] }) });
    const sent = request({ ...account, settings: { server: origin } });
    expect(await there.lookup(sent)).toMatchObject({ outcome: 'cannot_tell' });
    await new Promise((resolve) => odd.close(resolve));
  });

  it('cannot tell without the scope to look', async () => {
    await start();
    const blind = accountOf(server, server.newAccount(['write:statuses', 'read:accounts']));
    const outcome = await channel.lookup(request(blind));
    expect(outcome).toMatchObject({
      outcome: 'cannot_tell',
      message: 'Mastodon answered 403: This action is outside the authorized scopes',
    });
  });
});
