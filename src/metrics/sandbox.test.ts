import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Reading } from '../domain/kpi/measures.ts';
import { createHttpClient } from '../http/http-client.ts';
import type { CollectRequest, ReadingsSource, SourceReply } from './readings-source.ts';
import { createSourceRegistry } from './registry.ts';

const REQUEST: CollectRequest = {
  publication: {
    id: 'pub_1',
    channel: 'sandbox',
    marker: 'mark & 1',
    remoteId: 'sbx_1',
    url: null,
    publishedAt: '2026-03-02T08:00:00.000Z',
    accountRef: 'studio',
  },
  page: null,
  checkpoint: '+24h',
  at: '2026-03-03T08:00:05.000Z',
};

const AS_OF = '2026-03-03T08:00:00.000Z';

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

/** A network that answers as told; `asked` lists the addresses it was asked for. */
async function network(answer: RequestListener): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  // `listen` on TCP always gives an address object.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked };
}

function json(body: unknown, status = 200): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

async function collect(
  answer: RequestListener,
  change: Partial<CollectRequest> = {},
): Promise<{ collected: SourceReply; asked: string[] }> {
  const { url, asked } = await network(answer);
  const source = sandboxSource(url);
  return { collected: await source.collect({ ...REQUEST, ...change }), asked };
}

function sandboxSource(url: string): ReadingsSource {
  const http = createHttpClient({ allowedOrigins: [url] });
  const [source] = createSourceRegistry({ http, sandboxUrl: url }).forChannel('sandbox');
  if (source === undefined) throw new Error('no sandbox source');
  return source;
}

describe('the sandbox source', () => {
  it('asks for the post at the age of the checkpoint and gives base readings', async () => {
    const { collected, asked } = await collect(
      json({ asOf: AS_OF, measures: { impressions: 12, shares: 0 } }),
    );
    expect(asked).toEqual(['/v1/metrics?marker=mark+%26+1&account=studio&ageSeconds=86400']);
    const common = {
      publicationId: 'pub_1',
      checkpoint: '+24h',
      asOf: AS_OF,
      provisional: false,
    };
    expect(collected).toMatchObject({
      notAvailable: [],
      readings: [
        { measure: 'impressions', value: 12, ...common },
        { measure: 'shares', value: 0, ...common },
      ],
    });
  });

  it('gives readings that the store takes', async () => {
    const { collected } = await collect(
      json({ asOf: AS_OF, measures: { position_x_impressions: 1.5 } }),
    );
    if (!('readings' in collected)) throw new Error(collected.unavailable);
    for (const reading of collected.readings) {
      expect(Reading.safeParse({ id: 'rdg_1', source: 'sandbox', ...reading }).success).toBe(true);
    }
  });

  it('reads only the account before the post is out', async () => {
    const { collected, asked } = await collect(
      json({ asOf: AS_OF, measures: { followers: 900, impressions: 4 } }),
      { checkpoint: 'baseline', publication: { ...REQUEST.publication, publishedAt: null } },
    );
    expect(asked).toEqual(['/v1/metrics?account=studio']);
    expect(collected).toMatchObject({
      readings: [{ measure: 'followers', value: 900, checkpoint: 'baseline' }],
    });
  });

  it('leaves out what the network does not supply or this code does not know', async () => {
    const { collected } = await collect(
      json(
        `{"asOf":"${AS_OF}","measures":{"shares":1,"karma":9,"__proto__":{"saves":7},"constructor":3}}`,
      ),
    );
    expect(collected).toMatchObject({ readings: [{ measure: 'shares', value: 1 }] });
    expect('readings' in collected && collected.readings).toHaveLength(1);
  });

  it('of a post that it does not know is unavailable for good', async () => {
    const { collected } = await collect(json({ code: 'post_unknown', message: 'no' }, 404));
    expect(collected).toMatchObject({ retry: false });
    expect(collected).toHaveProperty(
      'unavailable',
      expect.stringContaining('knows no post mark & 1'),
    );
  });

  it.each([
    ['a negative count', { asOf: AS_OF, measures: { shares: -1 } }],
    ['half a share', { asOf: AS_OF, measures: { shares: 0.5 } }],
    ['a text', { asOf: AS_OF, measures: { shares: '12' } }],
    ['null', { asOf: AS_OF, measures: { shares: null } }],
    ['too large a count', { asOf: AS_OF, measures: { shares: 1e300 } }],
    ['a list of measures', { asOf: AS_OF, measures: [1, 2] }],
    ['no instant', { measures: { shares: 1 } }],
    ['no real instant', { asOf: 'soon', measures: { shares: 1 } }],
    ['an instant over a minute ahead', { asOf: '2026-03-03T08:01:06Z', measures: { shares: 1 } }],
    ['an instant far ahead', { asOf: '9999-12-31T23:59:59Z', measures: { shares: 1 } }],
    ['no object', 'null'],
    ['no JSON', '{"asOf": '],
    ['a very long answer', { asOf: AS_OF, measures: {}, filler: 'x'.repeat(40_000) }],
    ['deep nesting', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
  ])('that answers %s gives nothing, and may be asked again', async (_what, body) => {
    const { collected } = await collect(json(body));
    expect(collected).toMatchObject({
      unavailable: expect.stringMatching(/^Sandbox: /),
      retry: true,
    });
    expect('unavailable' in collected && collected.unavailable.length).toBeLessThanOrEqual(300);
  });

  it.each([
    [500, true],
    [503, true],
    [429, true],
    [400, false],
    [401, false],
  ])('that answers %i is unavailable, worth another try: %s', async (status, retry) => {
    const { collected } = await collect(json({ code: 'no', message: 'secret detail' }, status));
    expect(collected).toMatchObject({ unavailable: `Sandbox: it answered ${status}`, retry });
  });

  it('does not follow a redirect', async () => {
    const { collected, asked } = await collect((_request, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(collected).toMatchObject({ retry: true });
    expect(asked).toHaveLength(1);
  });

  it('that cannot be reached is unavailable', async () => {
    const source = sandboxSource('http://127.0.0.1:1');
    expect(await source.collect(REQUEST)).toMatchObject({ retry: true });
  });

  it('refuses what is not a checkpoint without asking', async () => {
    const { collected, asked } = await collect(json({}), { checkpoint: 'later' });
    expect(collected).toMatchObject({ retry: false });
    expect(asked).toEqual([]);
  });
});

describe('the registry', () => {
  const http = createHttpClient();

  it('knows the sources of a channel', () => {
    const sources = createSourceRegistry({ http, sandboxUrl: 'http://127.0.0.1:1' });
    expect(sources.forChannel('sandbox').map(({ id }) => id)).toEqual(['sandbox']);
    expect(sources.forChannel('mastodon')).toEqual([]);
  });

  it('has no sandbox where there is none', () => {
    expect(createSourceRegistry({ http, sandboxUrl: null }).forChannel('sandbox')).toEqual([]);
  });
});
