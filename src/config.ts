import { z } from 'zod';
import { ConfigError } from './config/config-error.ts';
import { type Environment, readPlain, readVariables } from './config/environment.ts';
import { isExported, metricsOf } from './config/health.ts';
import { keepDaysOf } from './config/keep-days.ts';
import { type PayloadKeys, payloadKeysOf, type SecretKeys, secretKeysOf } from './config/keys.ts';
import { isLoopback } from './config/loopback.ts';
import { type MailConfig, mailConfigOf } from './config/mail.ts';
import type { TemporalConfig, TemporalSettings } from './config/temporal.ts';
import {
  apiVariables,
  type CommonVariables,
  commonVariables,
  type LogLevel,
  releaseVariables,
  workerVariables,
} from './config/variables.ts';
import type { TaskQueue } from './domain/task-queues.ts';
import type { SigningKey } from './evidence/checkpoint.ts';

/** What every Baton program needs. */
export interface CommonConfig {
  /** PostgreSQL connection string. A secret. */
  databaseUrl: string;
  temporal: TemporalConfig;
  logLevel: LogLevel;
  /** True only on the local stack: time travel exists. */
  local: boolean;
  /** Directory of the content-addressed asset store, shared by API and worker. */
  assetsDir: string;
  secretKeys: SecretKeys;
  payloadKeys: PayloadKeys;
  /** Spans are sent where the OTEL_* variables say; false: none are made. */
  tracesExported: boolean;
  /** Base address of the sandbox channel's server; null: there is no sandbox channel. */
  sandboxUrl: string | null;
  /** Origins beside the sandbox that may be reached by plain HTTP and at private addresses. */
  allowedOrigins: readonly string[];
}

/** The worker's settings. */
export type WorkerConfig = CommonConfig & {
  /** File with the prebuilt workflow bundle; null: the worker bundles at start. */
  workflowBundle: string | null;
  /** Name of the build; null: it follows from the workflow code. `off`: runs are bound to no build. */
  buildId: string | null;
  /** Task queues that this process works for. */
  queues: readonly TaskQueue[];
  /** Where the worker answers `/metrics`; null: nowhere. */
  metricsAddress: { host: string; port: number } | null;
  /** How long what is over is kept. */
  keepDays: ReturnType<typeof keepDaysOf>;
  /** What whoever reads the metrics has to show; null: nothing. A secret. */
  metricsKey: string | null;
  /** Null: no mail is sent. */
  mail: MailConfig | null;
  /** Where callers reach the API, for links in messages; null: messages have none. */
  publicUrl: string | null;
  /** What chain heads are signed with, and where their files go; null: no checkpoint is recorded. */
  checkpoints: { key: SigningKey; directory: string | null } | null;
};

/** The API's settings. */
export type ApiConfig = CommonConfig & {
  host: string;
  port: number;
  /** The program in front terminates TLS: cookies are `Secure`, a public address is allowed. */
  behindTlsProxy: boolean;
  /** Where callers reach the API, without a slash at its end; null: nobody said. */
  publicUrl: string | null;
  /** What `/healthz` tells of this process, so that whoever started it knows it from another; null: nothing. */
  instance: string | null;
  /** What shows the metrics of all workspaces; null: nothing does. A secret. */
  metricsKey: string | null;
  /** Requests per second and API key. */
  rateLimitPerSecond: number;
  /** Requests per second of all credentials of a workspace. */
  workspaceRateLimitPerSecond: number;
  /** What a workspace may have at most. */
  quotas: {
    openItems: number;
    /** Of files, in bytes. */
    storageBytes: number;
    apiKeys: number;
    webhookEndpoints: number;
  };
  limits: {
    /** Bytes of a JSON body. */
    bodyBytes: number;
    /** Bytes of an uploaded asset. */
    uploadBytes: number;
    /** Bytes of a CSV import. */
    importBytes: number;
    exportFileBytes: number;
  };
};

/**
 * The worker's settings from the environment.
 *
 * @throws ConfigError naming every variable that is missing or wrong; values are never repeated.
 */
export function readWorkerConfig(environment: Environment = process.env): WorkerConfig {
  const { variables, temporal, issues } = readVariables(workerVariables, environment);
  if (!variables || !temporal) throw new ConfigError(issues);
  const mail = mailConfigOf(variables, issues);
  const metrics = metricsOf(variables, issues);
  if (issues.length > 0) throw new ConfigError(issues);
  return {
    ...toCommonConfig(variables, temporal),
    mail,
    publicUrl: variables.BATON_PUBLIC_URL ?? null,
    workflowBundle: variables.BATON_WORKFLOW_BUNDLE ?? null,
    buildId: variables.BATON_BUILD_ID ?? null,
    queues: variables.BATON_QUEUES,
    ...metrics,
    keepDays: keepDaysOf(variables),
    checkpoints:
      variables.BATON_CHECKPOINT_KEY === undefined
        ? null
        : {
            key: variables.BATON_CHECKPOINT_KEY,
            directory: variables.BATON_CHECKPOINT_DIR ?? null,
          },
  };
}

/** A workspace may ask as much as so many of its keys together, unless it is said otherwise. */
const KEYS_AT_ONCE = 5;

/**
 * The API's settings from the environment. An address that other machines reach is refused unless
 * BATON_BEHIND_TLS_PROXY says that a proxy encrypts, and always on the local stack.
 *
 * @throws ConfigError naming every variable that is missing or wrong; values are never repeated.
 */
export function readApiConfig(environment: Environment = process.env): ApiConfig {
  const { variables, temporal, issues } = readVariables(apiVariables, environment);
  if (!variables || !temporal) throw new ConfigError(issues);
  if (!isLoopback(variables.HOST)) {
    if (variables.BATON_LOCAL) {
      issues.push({ variable: 'HOST', rule: 'must be 127.0.0.1 or ::1 when BATON_LOCAL is set' });
    } else if (!variables.BATON_BEHIND_TLS_PROXY) {
      issues.push({
        variable: 'HOST',
        rule:
          'is an address that other machines reach, and keys would travel unencrypted: put a ' +
          'proxy with TLS in front and set BATON_BEHIND_TLS_PROXY=1, or use 127.0.0.1',
      });
    }
  }
  if (issues.length > 0) throw new ConfigError(issues);
  return {
    ...toCommonConfig(variables, temporal),
    host: variables.HOST,
    port: variables.PORT,
    behindTlsProxy: variables.BATON_BEHIND_TLS_PROXY,
    publicUrl: variables.BATON_PUBLIC_URL ?? null,
    instance: variables.BATON_INSTANCE ?? null,
    metricsKey: variables.BATON_METRICS_KEY ?? null,
    rateLimitPerSecond: variables.RATE_LIMIT_PER_SECOND,
    workspaceRateLimitPerSecond:
      variables.WORKSPACE_RATE_LIMIT_PER_SECOND ?? variables.RATE_LIMIT_PER_SECOND * KEYS_AT_ONCE,
    quotas: {
      openItems: variables.QUOTA_OPEN_ITEMS,
      storageBytes: variables.QUOTA_STORAGE_BYTES,
      apiKeys: variables.QUOTA_API_KEYS,
      webhookEndpoints: variables.QUOTA_WEBHOOK_ENDPOINTS,
    },
    limits: {
      bodyBytes: variables.BODY_LIMIT_BYTES,
      uploadBytes: variables.UPLOAD_LIMIT_BYTES,
      importBytes: variables.IMPORT_LIMIT_BYTES,
      exportFileBytes: variables.EXPORT_FILE_LIMIT_BYTES,
    },
  };
}

/** What a release works with: the engine, and the build of this installation. */
export type ReleaseConfig = Pick<CommonConfig, 'temporal' | 'payloadKeys'> &
  Pick<WorkerConfig, 'workflowBundle' | 'buildId'>;

/**
 * What releasing needs.
 *
 * @throws ConfigError naming every variable that is missing or wrong; values are never repeated.
 */
export function readReleaseConfig(environment: Environment = process.env): ReleaseConfig {
  const { variables, temporal, issues } = readVariables(releaseVariables, environment);
  if (!variables || !temporal || issues.length > 0) throw new ConfigError(issues);
  return {
    temporal: { ...temporal, taskQueue: variables.TASK_QUEUE },
    payloadKeys: payloadKeysOf(variables),
    workflowBundle: variables.BATON_WORKFLOW_BUNDLE ?? null,
    buildId: variables.BATON_BUILD_ID ?? null,
  };
}

/**
 * Only the database's address, for programs that need nothing else.
 *
 * @throws ConfigError when DATABASE_URL is missing or no PostgreSQL address.
 */
export function readDatabaseConfig(
  environment: Environment = process.env,
): Pick<CommonConfig, 'databaseUrl'> {
  const { DATABASE_URL } = commonVariables;
  const variables = readPlain(z.object({ DATABASE_URL }), environment);
  return { databaseUrl: variables.DATABASE_URL };
}

/**
 * What a change of the secret key needs.
 *
 * @throws ConfigError naming every variable that is missing or wrong; values are never repeated.
 */
export function readSecretsConfig(
  environment: Environment = process.env,
): Pick<CommonConfig, 'databaseUrl' | 'secretKeys'> {
  const { DATABASE_URL, BATON_SECRET_KEY, BATON_PREVIOUS_SECRET_KEYS } = commonVariables;
  const variables = readPlain(
    z.object({ DATABASE_URL, BATON_SECRET_KEY, BATON_PREVIOUS_SECRET_KEYS }),
    environment,
  );
  return { databaseUrl: variables.DATABASE_URL, secretKeys: secretKeysOf(variables) };
}

/**
 * What the codec server for the engine's UI needs.
 *
 * @throws ConfigError when the key is missing or wrong.
 */
export function readPayloadConfig(
  environment: Environment = process.env,
): CommonConfig['payloadKeys'] {
  const { BATON_PAYLOAD_KEY, BATON_PREVIOUS_PAYLOAD_KEYS } = commonVariables;
  const variables = readPlain(
    z.object({ BATON_PAYLOAD_KEY, BATON_PREVIOUS_PAYLOAD_KEYS }),
    environment,
  );
  return payloadKeysOf(variables);
}

/**
 * Only how to reach Temporal.
 *
 * @throws ConfigError when that is missing or wrong.
 */
export function readEngineConfig(environment: Environment): TemporalSettings {
  const { temporal, issues } = readVariables(z.object({}), environment);
  if (temporal === null || issues.length > 0) throw new ConfigError(issues);
  return temporal;
}

/**
 * What a replay of a deployment's histories needs: its engine, and the keys of what that stores.
 *
 * @throws ConfigError naming every variable that is missing or wrong; values are never repeated.
 */
export function readReplayConfig(
  environment: Environment = process.env,
): Pick<CommonConfig, 'payloadKeys'> & { temporal: TemporalSettings } {
  const { BATON_PAYLOAD_KEY, BATON_PREVIOUS_PAYLOAD_KEYS } = commonVariables;
  const schema = z.object({ BATON_PAYLOAD_KEY, BATON_PREVIOUS_PAYLOAD_KEYS });
  const { variables, temporal, issues } = readVariables(schema, environment);
  if (!variables || !temporal || issues.length > 0) throw new ConfigError(issues);
  return { temporal, payloadKeys: payloadKeysOf(variables) };
}

function toCommonConfig(variables: CommonVariables, temporal: TemporalSettings): CommonConfig {
  return {
    databaseUrl: variables.DATABASE_URL,
    temporal: { ...temporal, taskQueue: variables.TASK_QUEUE },
    logLevel: variables.LOG_LEVEL,
    local: variables.BATON_LOCAL,
    assetsDir: variables.BATON_ASSETS_DIR,
    secretKeys: secretKeysOf(variables),
    payloadKeys: payloadKeysOf(variables),
    tracesExported: isExported(variables),
    sandboxUrl: variables.SANDBOX_URL?.replace(/\/+$/, '') ?? null,
    allowedOrigins: variables.BATON_ALLOWED_ORIGINS,
  };
}
