import { describe, expect, it } from 'vitest';
import { questionFor, valuesOf } from '../../test/support/source-server.ts';
import { createHttpClient } from '../http/http-client.ts';
import { createSourceRegistry } from './registry.ts';

const http = createHttpClient();

/** The source with a count of each publication. */
function sourceWith(counts: Record<string, number | null>) {
  const countClicks = async (publicationId: string) => counts[publicationId] ?? null;
  const registry = createSourceRegistry({ http, sandboxUrl: null, countClicks });
  const source = registry.forChannel('mastodon').find(({ id }) => id === 'redirector');
  if (source === undefined) throw new Error('it is not there');
  return source;
}

describe('clicks on short links', () => {
  it('are settled at once, under their own definition', async () => {
    const reply = await sourceWith({ pub_1: 12 }).collect(questionFor('mastodon'));
    expect(reply).toMatchObject({
      readings: [
        {
          measure: 'link_clicks',
          value: 12,
          provisional: false,
          definition: 'link-clicks:baton-redirect',
        },
      ],
    });
  });

  it('are 0 where nobody clicked, and not available where no link went through', async () => {
    const none = await sourceWith({ pub_1: 0 }).collect(questionFor('mastodon'));
    expect(valuesOf(none)).toEqual({ link_clicks: 0, empty: [], notAvailable: [] });
    expect(await sourceWith({ pub_2: 3 }).collect(questionFor('mastodon'))).toEqual({
      readings: [],
      empty: [],
      notAvailable: ['link_clicks'],
    });
  });

  it('say so when the database is away', async () => {
    const countClicks = () => Promise.reject(new Error('connection refused'));
    const [source] = createSourceRegistry({ http, sandboxUrl: null, countClicks }).forChannel('x');
    expect(await source?.collect(questionFor('x'))).toMatchObject({ retry: true });
  });

  it('are no measure of the sandbox, nor of a deployment that counts none', () => {
    const ids = (deps: object, channel: 'sandbox' | 'x') =>
      createSourceRegistry({ http, sandboxUrl: null, ...deps })
        .forChannel(channel)
        .map(({ id }) => id);
    expect(ids({ countClicks: async () => 1 }, 'sandbox')).toEqual([]);
    expect(ids({}, 'x')).toEqual([]);
  });
});
