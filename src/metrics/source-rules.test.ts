/** The suite that every source passes, held against sources that break one rule each. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  openSource,
  questionFor,
  type SourceServer,
  startSourceServer,
} from '../../test/support/source-server.ts';
import type { HttpOutcome, JsonOutcome } from '../http/http-outcome.ts';
import { failureOf } from './request-failures.ts';
import { SOURCE_RULES, type SourceTrial } from './source.testsuite.ts';
import { defineSource, type SourceAnswer, type SourceFailure } from './source-kind.ts';

const Total = z.object({ total: z.int() });
type Total = z.infer<typeof Total>;

interface Asked {
  url: string;
  token: string;
  signal: AbortSignal;
}
type Ask = (
  asked: Asked,
  http: Parameters<Parameters<typeof defineSource>[0]['create']>[0]['http'],
) => Promise<JsonOutcome<Total>>;

/** What is asked and what is made of it: a source breaks a rule in one of them. */
interface Ways {
  ask: Ask;
  answer(total: Total): SourceAnswer;
  failed(outcome: HttpOutcome): SourceFailure | SourceAnswer;
}

const ask: Ask = ({ url, token, signal }, http) =>
  http.getJson(url, Total, { headers: { authorization: `Bearer ${token}` }, signal });
const GOOD: Ways = {
  ask,
  answer: ({ total }) => ({ measures: { sessions: total } }),
  failed: (outcome) => failureOf(outcome, Date.now()),
};

function sourceOf(change: Partial<Ways>) {
  const ways = { ...GOOD, ...change };
  return defineSource({
    id: 'broken',
    name: 'Broken',
    origin: 'connection',
    config: z.strictObject({ server: z.url() }),
    secret: z.strictObject({ token: z.string() }),
    supplies: () => ['sessions'],
    settlingMs: 0,
    limit: { requests: 60, perMs: 60_000 },
    definitions: {},
    create: ({ config, secret: { token }, http }) => ({
      check: async () => ({ ok: true, detail: '' }),
      async collect(_question, signal) {
        const url = `${config.server}/api/v0/stats/total?start=2026-03-02T00:00:00Z`;
        const outcome = await ways.ask({ url, token, signal }, http);
        return outcome.kind === 'json' ? ways.answer(outcome.value) : ways.failed(outcome);
      },
    }),
  });
}

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer('goatcounter');
});
afterAll(() => server.stop());

async function trialOf(change: Partial<Ways>): Promise<SourceTrial> {
  await server.hold({ token: 'good-token', hits: [] });
  const kind = sourceOf(change);
  const opened = (token: string) =>
    openSource('broken', { url: server.url, config: { server: server.url }, secret: { token } }, [
      kind,
    ]);
  return {
    kind,
    server,
    source: opened('good-token'),
    refused: opened('wrong-token'),
    question: questionFor('mastodon'),
    silence: () => server.fail({ body: {} }),
  };
}

const takesMore: Ask = (asked, http) => {
  const headers = { authorization: `Bearer ${asked.token}` };
  const { url, signal } = asked;
  return http.getJson(url, Total, { headers, signal, maxResponseBytes: 100_000_000 });
};

async function goesAround({ url, token }: Asked): Promise<JsonOutcome<Total>> {
  const reply = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return { kind: 'json', value: Total.parse(await reply.json()), status: 200, headers: {} };
}

const asksAgain: Ask = async (asked, http) => {
  const first = await ask(asked, http);
  return first.kind === 'json' ? first : ask(asked, http);
};

const takesForZero: Ask = (asked, http) =>
  http.getJson(asked.url, z.object({ total: z.int().default(0) }), {
    headers: { authorization: `Bearer ${asked.token}` },
    signal: asked.signal,
  });

const BREAKS: readonly [rule: string, what: string, change: Partial<Ways>][] = [
  ['answers each measure', 'has no value', { answer: () => ({ measures: {} }) }],
  [
    'answers each measure',
    'states what is no count',
    { answer: () => ({ measures: { sessions: 1.5 } }) },
  ],
  ['says nothing of a publication', 'takes no row for zero', { ask: takesForZero }],
  [
    'says who refused',
    'takes a refusal for an outage',
    { failed: () => ({ unavailable: 'it is away', retry: true }) },
  ],
  ['makes every request through', 'goes around the client', { ask: goesAround }],
  ['makes none where its limit', 'goes around the client', { ask: goesAround }],
  [
    'stops when',
    'does not pass the signal on',
    {
      ask: ({ signal: _, ...asked }, http) =>
        ask({ ...asked, signal: new AbortController().signal }, http),
    },
  ],
  [
    'waits after 429',
    'does not say for how long',
    { failed: () => ({ unavailable: 'it is busy', retry: true }) },
  ],
  ['asks once', 'asks again by itself', { ask: asksAgain }],
  [
    'asks once',
    'throws',
    {
      failed: () => {
        throw new Error('what is this?');
      },
    },
  ],
  ['asks once', 'takes anything for a zero', { failed: () => ({ measures: { sessions: 0 } }) }],
  ['asks once', 'gives up', { failed: () => ({ unavailable: 'no', retry: false }) }],
  ['reads no answer further', 'reads whatever comes', { ask: takesMore }],
];

const rulesNamed = (start: string) =>
  Object.entries(SOURCE_RULES).filter(([name]) => name.startsWith(start));

describe('the suite of sources', () => {
  it.each(Object.entries(SOURCE_RULES))('is content with a good one: it %s', async (_, rule) => {
    const trial = await trialOf({});
    // The fake always states a total.
    await rule({ ...trial, silence: null });
  });

  it.each(BREAKS)('%s: sees one that %s', async (start, _what, change) => {
    const rules = rulesNamed(start);
    expect(rules.length).toBeGreaterThan(0);
    for (const [name, rule] of rules) {
      const trial = await trialOf(change);
      await expect(rule(trial), name).rejects.toThrow();
    }
  });

  it('has a source for each of its rules that breaks it', () => {
    const broken = new Set(BREAKS.flatMap(([start]) => rulesNamed(start).map(([name]) => name)));
    expect([...broken].sort()).toEqual(Object.keys(SOURCE_RULES).sort());
  });
});
