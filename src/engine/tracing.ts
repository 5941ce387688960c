import { SpanKind } from '@opentelemetry/api';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { contextOf, inSpan, traceHeaders } from '../health/span.ts';

interface Sent {
  readonly headers: Headers;
}

/** What is asked of a run carries the trace in which it was asked (src/workflows/tracing.ts hands it on). */
export const TRACED_CALLS: WorkflowClientInterceptor = {
  startWithDetails: (input, next) =>
    inSpan(`start ${input.workflowType}`, { kind: SpanKind.PRODUCER }, () => next(traced(input))),
  startUpdate: (input, next) =>
    inSpan(`update ${input.updateName}`, { kind: SpanKind.PRODUCER }, () => next(traced(input))),
};

/** An activity goes on in the trace of what its run heard last. */
export function tracedActivity({
  info,
}: {
  info: { activityType: string; workflowExecution?: { workflowId: string } };
}) {
  return {
    inbound: {
      execute<I extends Sent>(input: I, next: (input: I) => Promise<unknown>): Promise<unknown> {
        const attributes = { 'baton.workflow_id': info.workflowExecution?.workflowId ?? '' };
        const parent = contextOf(textsOf(input.headers));
        return inSpan(info.activityType, { kind: SpanKind.CONSUMER, attributes, parent }, () =>
          next(input),
        );
      },
    },
  };
}

function traced<I extends Sent>(input: I): I {
  const own = Object.entries(traceHeaders()).map(([name, text]) => [
    name,
    defaultPayloadConverter.toPayload(text),
  ]);
  return { ...input, headers: { ...input.headers, ...Object.fromEntries(own) } };
}

/** Only what the W3C names: headers of others are not ours to read. */
function textsOf(headers: Headers): Record<string, string> {
  const texts = ['traceparent', 'tracestate'].flatMap((name) => {
    const payload = headers[name];
    if (payload === undefined) return [];
    const text: unknown = defaultPayloadConverter.fromPayload(payload);
    return typeof text === 'string' ? [[name, text]] : [];
  });
  return Object.fromEntries(texts);
}
