import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

interface SpanStart {
  kind?: SpanKind;
  /** Ids, codes and names of the code: never a text, a secret or an address with a path. */
  attributes?: Attributes;
  /** What goes on here; the span of the caller without it. */
  parent?: Context;
}

/** Does a piece of work as a span of the trace that it belongs to. Nothing happens where nobody traces. */
export async function inSpan<T>(
  name: string,
  { kind = SpanKind.INTERNAL, attributes = {}, parent = context.active() }: SpanStart,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const tracer = trace.getTracer('baton');
  return tracer.startActiveSpan(name, { kind, attributes }, parent, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      // Its message may quote a text.
      span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The id of the trace that this work belongs to. */
export function currentTraceId(): string | undefined {
  return trace.getActiveSpan()?.spanContext().traceId;
}

/** Does later work of a trace whose spans are long over: it gets the trace's id, and no span as parent. */
export function inTrace<T>(traceId: string | null, work: () => Promise<T>): Promise<T> {
  if (traceId === null || traceId === currentTraceId()) return work();
  // A parent needs an id; nobody has recorded a span under this one.
  const spanId = traceId.slice(16);
  const parent = { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  return context.with(trace.setSpanContext(context.active(), parent), work);
}

/** The context of the present work as W3C headers. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** The context that came as W3C headers; a root where there is none, or none that is valid. */
export function contextOf(headers: Record<string, string | undefined>): Context {
  return propagation.extract(ROOT_CONTEXT, headers);
}
