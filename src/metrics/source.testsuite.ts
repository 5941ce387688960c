import { expect, it } from 'vitest';
import type { OpenedSource, SourceFault, SourceServer } from '../../test/support/source-server.ts';
import { Reading } from '../domain/kpi/measures.ts';
import type { CollectRequest, ReadingsSource, SourceReply } from './readings-source.ts';
import type { MetricSourceKind } from './source-kind.ts';

/** A source with its server, in a state in which it answers the question. */
export interface SourceTrial {
  kind: MetricSourceKind;
  /** Has asked before: a session that it needs is there. */
  source: OpenedSource;
  question: CollectRequest;
  server: SourceServer;
  /** With credentials that hold the word `wrong` and that its server refuses. */
  refused: ReadingsSource;
  /** Its server has no row of the publication from now on; null for one that always states numbers. */
  silence: (() => Promise<void>) | null;
}

type Rule = (trial: SourceTrial) => Promise<void>;

const UNUSABLE: Record<string, SourceFault> = {
  'HTML with 200': { headers: { 'content-type': 'text/html' }, body: '<p>hello</p>' },
  'half an answer': { body: '{"half": [' },
  'another shape': { body: { hello: 'world' } },
  null: { body: 'null' },
  'a very long answer': { body: `[${'1,'.repeat(1_000_000)}1]` },
  'an error of its own': { status: 500, body: {} },
  'a redirect': { status: 302, headers: { location: 'https://example.org' }, body: '' },
  nothing: { reset: true },
};
const BUSY: Record<string, { headers: Record<string, string>; retryAfterMs: unknown }> = {
  'a time to wait': { headers: { 'retry-after': '7' }, retryAfterMs: 7_000 },
  'no word of how long': { headers: {}, retryAfterMs: expect.any(Number) },
};
const HELD_BACK_MS = 60_000;

/** What every source has to keep, by what is said of it: docs/adding-a-source.md. */
export const SOURCE_RULES: Readonly<Record<string, Rule>> = {
  async 'answers each measure it supplies once: a value, empty or not available'(trial) {
    const { kind, source, question } = trial;
    const reply = answered(await source.collect(question));
    const named = [
      ...reply.readings.map((one) => one.measure),
      ...reply.empty,
      ...reply.notAvailable,
    ];
    expect(named.toSorted()).toEqual(kind.supplies(question.publication.channel).toSorted());
    expect(reply.readings.length).toBeGreaterThan(0);
    for (const reading of reply.readings) {
      const row = { id: 'rdg_1', source: kind.id, ...reading };
      expect(Reading.safeParse(row).error).toBeUndefined();
      expect(reading.definition).toBe(kind.definitions[reading.measure]);
    }
  },

  async 'says nothing of a publication that its server has no row of'(trial) {
    const { source, question, silence } = trial;
    if (silence === null) return;
    await silence();
    expect(answered(await source.collect(question)).readings).toEqual([]);
  },

  async 'says who refused the credentials, and repeats nothing of them'({ refused, question }) {
    const reply = await refused.collect(question);
    expect(reply).toMatchObject({ retry: false, credentialsRefused: true });
    expect(JSON.stringify(reply)).not.toContain('wrong');
  },

  async 'makes every request through the client that it is given'({ source, question, server }) {
    const [made, asked] = [source.requests(), (await server.asked()).length];
    await source.collect(question);
    const seen = (await server.asked()).length - asked;
    expect(seen).toBeGreaterThan(0);
    expect(source.requests() - made).toBe(seen);
  },

  async 'makes none where its limit holds it back, and says so'({ source, question, server }) {
    const asked = await server.asked();
    source.holdBack(HELD_BACK_MS);
    const reply = await source.collect(question);
    expect(reply).toMatchObject({ heldBack: true, retry: true, retryAfterMs: HELD_BACK_MS });
    expect(await server.asked()).toEqual(asked);
  },

  async 'stops when it is told to'({ source, question, server }) {
    const asked = await server.asked();
    const reply = await source.collect({ ...question, signal: AbortSignal.abort() });
    expect(reply).toHaveProperty('unavailable');
    expect(await server.asked()).toEqual(asked);
  },

  ...rulesOf(BUSY, (what, { headers, retryAfterMs }) => [
    `waits after 429 with ${what}`,
    async (trial) => {
      const reply = await afterFault(trial, { status: 429, headers, body: {} });
      expect(reply).toMatchObject({ retry: true, retryAfterMs });
    },
  ]),

  ...rulesOf(UNUSABLE, (what, fault) => [
    `asks once and may be asked again after ${what}`,
    async (trial) => {
      const reply = await afterFault(trial, fault);
      expect(reply).toMatchObject({ unavailable: expect.any(String), retry: true });
    },
  ]),

  async 'reads no answer further than it is long'(trial) {
    const reply = await afterFault(trial, UNUSABLE['a very long answer'] ?? {});
    expect(reply).toMatchObject({ unavailable: expect.stringMatching(/over \d+ bytes/) });
  },
};

/** Each rule as a test of its own. */
export function describeSource(trial: () => Promise<SourceTrial>): void {
  it.each(Object.entries(SOURCE_RULES))('%s', async (_what, rule) => rule(await trial()));
}

/** What it says when its first request is answered like this. It asks for nothing a second time. */
async function afterFault({ source, question, server }: SourceTrial, fault: SourceFault) {
  const asked = (await server.asked()).length;
  await server.fail(fault);
  const reply = await source.collect(question);
  const since = (await server.asked()).slice(asked);
  expect(since.length).toBeGreaterThan(0);
  expect(new Set(since).size).toBe(since.length);
  expect(JSON.stringify(reply)).not.toContain('its adapter failed');
  return reply;
}

function rulesOf<Case>(
  cases: Readonly<Record<string, Case>>,
  rule: (what: string, one: Case) => [string, Rule],
): Record<string, Rule> {
  return Object.fromEntries(Object.entries(cases).map(([what, one]) => rule(what, one)));
}

function answered(reply: SourceReply) {
  if ('unavailable' in reply) throw new Error(reply.unavailable);
  return reply;
}
