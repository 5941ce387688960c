/** docs/adding-a-source.md: a whole source in one file, and its line of the registry. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  openSource,
  questionFor,
  type SourceServer,
  startSourceServer,
} from '../../test/support/source-server.ts';
import { createHttpClient } from '../http/http-client.ts';
import { metricSourceKinds } from './registry.ts';
import { failureOf } from './request-failures.ts';
import { describeSource } from './source.testsuite.ts';
import { defineSource } from './source-kind.ts';

const TINY = defineSource({
  id: 'tiny',
  name: 'Tiny',
  origin: 'connection',
  config: z.strictObject({ server: z.url() }),
  secret: z.strictObject({ token: z.string() }),
  supplies: () => ['sessions', 'downloads'],
  settlingMs: { sessions: 3_600_000 },
  limit: { requests: 60, perMs: 60_000 },
  definitions: { sessions: 'sessions:tiny' },
  create({ config, secret, http, now }) {
    const ask = (signal: AbortSignal) =>
      http.getJson(
        `${config.server}/api/v0/stats/total?start=2026-03-02T00:00:00Z`,
        z.object({ total: z.int() }),
        { headers: { authorization: `Bearer ${secret.token}` }, signal },
      );
    return {
      async check(signal) {
        const outcome = await ask(signal);
        return outcome.kind === 'json'
          ? { ok: true, detail: 'it answers' }
          : { ok: false, ...failureOf(outcome, now()) };
      },
      async collect(_question, signal) {
        const outcome = await ask(signal);
        return outcome.kind === 'json'
          ? { measures: { sessions: outcome.value.total, downloads: 'not_available' } }
          : failureOf(outcome, now());
      },
    };
  },
});

/** The line of the registry. */
const KINDS = [TINY];

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer('goatcounter');
});
afterAll(() => server.stop());

const connection = (token: string) => ({
  url: server.url,
  config: { server: server.url },
  secret: { token },
});
const hold = () => server.hold({ token: 'tiny-token', hits: [] });

describe('a source in one file', () => {
  describeSource(async () => {
    await hold();
    return {
      kind: TINY,
      server,
      source: openSource('tiny', connection('tiny-token'), KINDS),
      refused: openSource('tiny', connection('wrong-token'), KINDS),
      question: questionFor('mastodon'),
      silence: null,
    };
  });

  it('can be connected and checked with its line alone', async () => {
    await hold();
    const http = createHttpClient({ allowedOrigins: [server.url] });
    const kinds = metricSourceKinds({ http, sandboxUrl: null }, KINDS);
    expect(kinds.connectable).toEqual(['tiny']);
    const kind = kinds.kindOf('tiny');
    if (kind === null) throw new Error('it is not in the registry');
    expect(await kinds.check(kind, connection('tiny-token'))).toEqual({
      ok: true,
      detail: 'Tiny: it answers',
    });
    expect(await kinds.check(kind, { config: {}, secret: {} })).toMatchObject({
      ok: false,
      unavailable: 'Tiny: its settings are not those of Tiny',
    });
  });
});
