import { z } from 'zod';
import { measureValueIssue } from '../domain/kpi/measure-rules.ts';
import { checkpointAgeHours } from '../domain/kpi/readings.ts';
import { failureOf } from './request-failures.ts';
import { SANDBOX_MEASURES } from './sandbox-protocol.ts';
import { defineSource } from './source-kind.ts';

const TIMEOUT_MS = 5_000;
/** A full answer is under 1 kB. */
const MAX_BYTES = 32_768;

/** Measures this code does not know are dropped; a wrong value of a known one spoils the answer. */
const MetricsReply = z.object({
  asOf: z.iso.datetime(),
  measures: z.record(z.string(), z.unknown()).transform((measures, context) =>
    Object.fromEntries(
      SANDBOX_MEASURES.flatMap((measure) => {
        if (!Object.hasOwn(measures, measure)) return [];
        const value = measures[measure];
        const issue =
          typeof value === 'number'
            ? measureValueIssue(measure, value)
            : `${measure} is not a number`;
        if (issue === null && typeof value === 'number') return [[measure, value]];
        context.addIssue({ code: 'custom', path: [measure], message: issue ?? '' });
        return [];
      }),
    ),
  ),
});

/** The sandbox network: everything it says is settled at once. */
export const SANDBOX = defineSource({
  id: 'sandbox',
  name: 'Sandbox',
  origin: ({ sandboxUrl }) => (sandboxUrl === null ? null : { url: sandboxUrl }),
  config: z.strictObject({ url: z.url() }),
  secret: z.strictObject({}),
  supplies: (channel) => (channel === 'sandbox' ? SANDBOX_MEASURES : []),
  settlingMs: 0,
  limit: null,
  definitions: {},
  create: ({ config, http, now }) => ({
    async check(signal) {
      const outcome = await http.request({
        method: 'GET',
        url: new URL('/healthz', config.url).href,
        timeoutMs: TIMEOUT_MS,
        signal,
      });
      return outcome.kind === 'response' && outcome.status < 300
        ? { ok: true, detail: 'the sandbox network answers' }
        : { ok: false, ...failureOf(outcome, now()) };
    },
    async collect({ publication: { marker, accountRef }, checkpoint }, signal) {
      // Of an age, the network knows the counts.
      const query = new URLSearchParams(
        checkpoint === 'baseline'
          ? { account: accountRef }
          : {
              marker,
              account: accountRef,
              ageSeconds: String((checkpointAgeHours(checkpoint) ?? 0) * 3_600),
            },
      );
      const url = new URL(`/v1/metrics?${query}`, config.url).href;
      const outcome = await http.getJson(url, MetricsReply, {
        timeoutMs: TIMEOUT_MS,
        maxResponseBytes: MAX_BYTES,
        signal,
      });
      if (outcome.kind === 'json') return outcome.value;
      return outcome.kind === 'response' && outcome.status === 404
        ? { unavailable: `it knows no post ${marker} of ${accountRef}`, retry: false }
        : failureOf(outcome, now());
    },
  }),
});
