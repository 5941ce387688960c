import { expect, it } from 'vitest';
import type { SourceServer } from '../../test/support/source-server.ts';
import { Reading } from '../domain/kpi/measures.ts';
import type { CollectRequest, ReadingsSource, SourceReply } from './readings-source.ts';
import type { MetricSourceKind } from './source-kind.ts';

/** A source with its server, in a state in which it answers the question. */
export interface SourceTrial {
  kind: MetricSourceKind;
  /** Has asked before: a session that it needs is there. */
  source: ReadingsSource;
  question: CollectRequest;
  server: SourceServer;
  /** With credentials that hold the word `wrong` and that its server refuses. */
  refused: ReadingsSource;
}

const UNUSABLE = {
  'HTML with 200': { headers: { 'content-type': 'text/html' }, body: '<p>hello</p>' },
  'half an answer': { body: '{"half": [' },
  'another shape': { body: { hello: 'world' } },
  null: { body: 'null' },
  'a very long answer': { body: `[${'1,'.repeat(1_000_000)}1]` },
  'an error of its own': { status: 500, body: {} },
  'a redirect': { status: 302, headers: { location: 'https://example.org' }, body: '' },
  nothing: { reset: true },
} as const;

/** What every source has to keep: docs/adding-a-source.md. */
export function describeSource(trial: () => Promise<SourceTrial>): void {
  it('answers each measure it supplies once: a value, empty or not available', async () => {
    const { kind, source, question } = await trial();
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
    }
  });

  it('says who refused the credentials, and repeats nothing of them', async () => {
    const { refused, question } = await trial();
    const reply = await refused.collect(question);
    expect(reply).toMatchObject({ retry: false, credentialsRefused: true });
    expect(JSON.stringify(reply)).not.toContain('wrong');
  });

  it.each([{ 'retry-after': '7' }, {}])('waits after 429 with %j', async (headers) => {
    const { source, question, server } = await trial();
    await server.fail({ status: 429, headers, body: {} });
    const reply = await source.collect(question);
    expect(reply).toMatchObject({ retry: true, retryAfterMs: expect.any(Number) });
    if ('retry-after' in headers) expect(reply).toMatchObject({ retryAfterMs: 7_000 });
  });

  it.each(Object.entries(UNUSABLE))('may be asked again after %s', async (_what, fault) => {
    const { source, question, server } = await trial();
    await server.fail(fault);
    expect(await source.collect(question)).toMatchObject({
      unavailable: expect.any(String),
      retry: true,
    });
  });

  it('stops when it is told to', async () => {
    const { source, question } = await trial();
    const reply = await source.collect({ ...question, signal: AbortSignal.abort() });
    expect(reply).toHaveProperty('unavailable');
  });
}

function answered(reply: SourceReply) {
  if ('unavailable' in reply) throw new Error(reply.unavailable);
  return reply;
}
