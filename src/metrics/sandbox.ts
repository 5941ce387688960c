import { z } from 'zod';
import { measureValueIssue } from '../domain/kpi/measure-rules.ts';
import type { MeasureId } from '../domain/kpi/measures.ts';
import { checkpointAgeHours, isAhead } from '../domain/kpi/readings.ts';
import type { HttpClient } from '../http/http-client.ts';
import type { CollectRequest, ReadingsSource, SourceReply } from './readings-source.ts';
import { SANDBOX_MEASURES } from './sandbox-protocol.ts';

const SOURCE_ID = 'sandbox';
const TIMEOUT_MS = 5_000;
/** A full answer is under 1 kB. */
const MAX_BYTES = 32_768;
const MAX_QUOTED = 300;
const HOUR_MS = 3_600_000;

const FOLLOWERS = ['followers'] as const satisfies readonly MeasureId[];

/** Measures this code does not know are dropped; a wrong value of a known one spoils the answer. */
const MetricsReply = z.object({
  asOf: z.iso.datetime(),
  measures: z.record(z.string(), z.unknown()).transform((measures, context) =>
    SANDBOX_MEASURES.flatMap((measure) => {
      if (!Object.hasOwn(measures, measure)) return [];
      const value = measures[measure];
      const issue =
        typeof value === 'number'
          ? measureValueIssue(measure, value)
          : `${measure} is not a number`;
      if (issue === null && typeof value === 'number') return [{ measure, value }];
      context.addIssue({ code: 'custom', path: [measure], message: issue ?? '' });
      return [];
    }),
  ),
});
type MetricsReply = z.infer<typeof MetricsReply>;

/** Readings of the sandbox network: everything it says is settled at once. */
export function createSandboxSource({
  http,
  baseUrl,
}: {
  http: Pick<HttpClient, 'getJson'>;
  baseUrl: string;
}): ReadingsSource {
  return {
    id: SOURCE_ID,
    supplies: (channel) => (channel === 'sandbox' ? SANDBOX_MEASURES : []),
    async collect(request) {
      const { publication, checkpoint, signal } = request;
      const age = checkpointAgeHours(checkpoint);
      if (age === null) return unavailable(`${checkpoint} is not a checkpoint`, { retry: false });
      // Before the post exists only its account can be read; of an age, the network knows the counts.
      const query = new URLSearchParams(
        checkpoint === 'baseline'
          ? { account: publication.accountRef }
          : {
              marker: publication.marker,
              account: publication.accountRef,
              ageSeconds: String(age * 3_600),
            },
      );
      const outcome = await http.getJson(
        new URL(`/v1/metrics?${query}`, baseUrl).href,
        MetricsReply,
        {
          timeoutMs: TIMEOUT_MS,
          maxResponseBytes: MAX_BYTES,
          ...(signal && { signal }),
        },
      );
      switch (outcome.kind) {
        case 'json':
          return readingsOf(outcome.value, request, age);
        case 'not_sent':
        case 'unknown':
          return unavailable(outcome.message, { retry: true });
        case 'response':
          return outcome.status === 404
            ? unavailable(`it knows no post ${publication.marker} of ${publication.accountRef}`, {
                retry: false,
              })
            : unavailable(`it answered ${outcome.status}`, { retry: isPassing(outcome.status) });
      }
    },
  };
}

function readingsOf(reply: MetricsReply, request: CollectRequest, age: number): SourceReply {
  const { publication, checkpoint, at } = request;
  const due =
    publication.publishedAt === null ? 0 : Date.parse(publication.publishedAt) + age * HOUR_MS;
  if (isAhead(reply.asOf, Math.max(Date.parse(at), due))) {
    return unavailable(`its answer is as of ${reply.asOf}, which is still to come`, {
      retry: true,
    });
  }
  const asked: readonly MeasureId[] = checkpoint === 'baseline' ? FOLLOWERS : SANDBOX_MEASURES;
  return {
    readings: reply.measures
      .filter(({ measure }) => asked.includes(measure))
      .map(({ measure, value }) => ({
        measure,
        value,
        publicationId: publication.id,
        checkpoint,
        asOf: reply.asOf,
        provisional: false,
      })),
  };
}

function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

function unavailable(reason: string, { retry }: { retry: boolean }): SourceReply {
  return { unavailable: `Sandbox: ${reason}`.slice(0, MAX_QUOTED), retry };
}
