import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import type { ConfigIssue } from './config-error.ts';

/** How to reach Temporal, for the client and for the worker. */
export interface TemporalConfig {
  connection: {
    /** `host:port` */
    address: string;
    tls?: NonNullable<ClientConnectConfig['connectionOptions']['tls']>;
    apiKey?: string;
    metadata?: Record<string, string>;
  };
  namespace: string;
  taskQueue: string;
}

export type TemporalSettings = Omit<TemporalConfig, 'taskQueue'>;

/**
 * Address, namespace, API key and TLS by the Temporal SDK's own rules: TEMPORAL_ADDRESS,
 * TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*, or a profile of its configuration file.
 */
export function readTemporal(
  set: Record<string, string>,
  issues: ConfigIssue[],
): TemporalSettings | null {
  let settings: ClientConnectConfig;
  try {
    settings = loadClientConnectConfig({ overrideEnvVars: set });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    issues.push({
      variable: 'TEMPORAL_*',
      rule: `must be a valid Temporal client configuration: ${reason}`,
    });
    return null;
  }
  const { address, tls, apiKey, metadata } = settings.connectionOptions;
  if (!address) {
    issues.push({
      variable: 'TEMPORAL_ADDRESS',
      rule: 'is required: host:port of the Temporal server',
    });
    return null;
  }
  if (!/^(\[[\da-fA-F:.]+\]|[^\s/:[\]]+)(:\d{1,5})?$/.test(address)) {
    issues.push({ variable: 'TEMPORAL_ADDRESS', rule: 'must be host:port, without a protocol' });
    return null;
  }
  return {
    connection: {
      address,
      ...(tls ? { tls } : {}),
      ...(apiKey ? { apiKey } : {}),
      ...(metadata ? { metadata: toTextMetadata(metadata) } : {}),
    },
    namespace: settings.namespace ?? 'default',
  };
}

/** Metadata from the environment is text; only code can set binary values. */
function toTextMetadata(metadata: Record<string, string | Buffer>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name, value.toString()]),
  );
}
