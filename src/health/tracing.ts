import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

export interface Tracing {
  /** Sends what is left, within a deadline, and stops. */
  stop(): Promise<void>;
}

const STOP_WITHIN_MS = 3_000;

/**
 * Gives every piece of work of this process a trace. Spans are sent by OTLP over HTTP where
 * `isExported`; without, nothing is recorded, and the ids still tie log lines of all programs together.
 * @param processors instead of the exporter, for tests.
 */
export function startTracing({
  program,
  isExported,
  processors,
}: {
  program: string;
  isExported: boolean;
  processors?: SpanProcessor[];
}): Tracing {
  // The exporter reads OTEL_EXPORTER_OTLP_* by itself.
  const spanProcessors =
    processors ??
    (isExported ? [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })] : []);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': `baton-${program}`,
      'service.namespace': 'baton',
    }),
    sampler:
      spanProcessors.length > 0
        ? new ParentBasedSampler({ root: new AlwaysOnSampler() })
        : new AlwaysOffSampler(),
    spanProcessors,
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return {
    async stop() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, STOP_WITHIN_MS);
      await Promise.race([provider.shutdown().catch(() => undefined), promise]);
      clearTimeout(timer);
      trace.disable();
      propagation.disable();
      context.disable();
    },
  };
}
