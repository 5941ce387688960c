import type { z } from 'zod';
import type { ConfigIssue } from './config-error.ts';
import { isLoopback } from './loopback.ts';
import type { CommonVariables, workerVariables } from './variables.ts';

type MetricsVariables = Pick<
  z.output<typeof workerVariables>,
  'BATON_METRICS_ADDRESS' | 'BATON_METRICS_KEY'
>;

/** Where a worker answers `/metrics`, and to whom. */
export function metricsOf(variables: MetricsVariables, issues: ConfigIssue[]) {
  const { BATON_METRICS_ADDRESS: metricsAddress = null, BATON_METRICS_KEY: metricsKey = null } =
    variables;
  if (metricsAddress !== null && metricsKey === null && !isLoopback(metricsAddress.host)) {
    const rule = 'is an address that other machines reach: set BATON_METRICS_KEY as well';
    issues.push({ variable: 'BATON_METRICS_ADDRESS', rule });
  }
  return { metricsAddress, metricsKey };
}

/** Whether traces are sent anywhere. */
export function isExported({
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ofTraces,
  OTEL_SDK_DISABLED: isOff,
}: CommonVariables): boolean {
  return !isOff && (endpoint ?? ofTraces) !== undefined;
}
