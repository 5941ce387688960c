import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';

/** Environment variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

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

/** A key of 32 bytes for AES-256-GCM and the id stored beside what it encrypts. */
export interface SecretKey {
  /** First 8 hex digits of the key's SHA-256. */
  id: string;
  bytes: Buffer;
}

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
  secretKeys: {
    /** Encrypts. */
    current: SecretKey;
    /** Every key that may decrypt, the current one first. */
    all: readonly SecretKey[];
  };
  /** Base address of the sandbox channel's server; null: there is no sandbox channel. */
  sandboxUrl: string | null;
}

/** The worker's settings. */
export type WorkerConfig = CommonConfig & {
  /** File with the prebuilt workflow bundle; null: the worker bundles at start. */
  workflowBundle: string | null;
  /** Origins beside the sandbox that adapters may reach by plain HTTP and at private addresses. */
  allowedOrigins: readonly string[];
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
  /** Requests per second and API key. */
  rateLimitPerSecond: number;
  limits: {
    /** Bytes of a JSON body. */
    bodyBytes: number;
    /** Bytes of an uploaded asset. */
    uploadBytes: number;
    /** Bytes of a CSV import. */
    importBytes: number;
  };
};

/** One variable that is wrong, and the rule it breaks. */
export interface ConfigIssue {
  variable: string;
  rule: string;
}

/** The environment does not describe a program that can start. Its message names every variable. */
export class ConfigError extends Error {
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    const lines = issues.map(({ variable, rule }) => `  ${variable}: ${rule}`);
    super(`The configuration is not valid:\n${lines.join('\n')}`);
    this.name = 'ConfigError';
    this.issues = issues;
  }
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Secrets may come from a file: `<name>_FILE` holds its path, as container platforms mount them. */
export const variablesWithFile = ['DATABASE_URL', 'BATON_SECRET_KEY', 'BATON_PREVIOUS_SECRET_KEYS'];

const KEY_BYTES = 32;
const MEBIBYTE = 1024 * 1024;

const flag = z
  .enum(['0', '1', 'false', 'true'], { error: 'must be 1 or 0 (or true, false)' })
  .default('0')
  .transform((value) => value === '1' || value === 'true');

function required(rule: string) {
  return z.string({ error: `is required: ${rule}` });
}

function whole(options: { from: number; to: number; byDefault: number }) {
  const rule = `must be a whole number from ${options.from} to ${options.to}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error: rule, abort: true })
    .transform(Number)
    .refine((value) => value >= options.from && value <= options.to, { error: rule })
    .default(options.byDefault);
}

function address(protocols: readonly string[], rule: string) {
  return (value: string, context: z.RefinementCtx): string => {
    const url = URL.canParse(value) ? new URL(value) : null;
    if (!url || !protocols.includes(url.protocol) || url.hostname === '') {
      context.addIssue({ code: 'custom', message: rule });
    }
    return value;
  };
}

/** An address that paths are put behind: secrets in them must not travel unencrypted between machines. */
function publicAddress(value: string, context: z.RefinementCtx): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  const plain = url?.protocol === 'http:' && isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
  const isBare = url !== null && url.href === url.origin + url.pathname;
  if (!isBare || (url.protocol !== 'https:' && !plain)) {
    context.addIssue({ code: 'custom', message: publicUrlRule });
  }
  return value.replace(/\/+$/, '');
}

function origins(value: string, context: z.RefinementCtx): string[] {
  const given = listOf(value);
  const isOrigin = (text: string) =>
    /^https?:/.test(text) &&
    URL.canParse(text) &&
    new URL(text).href === `${new URL(text).origin}/`;
  if (!given.every(isOrigin)) {
    const message = 'must be origins such as http://127.0.0.1:4010, separated by commas';
    context.addIssue({ code: 'custom', message });
  }
  return given;
}

function listOf(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

const databaseRule = 'a PostgreSQL address, postgresql://user:password@host:port/database';
const keyRule = `${KEY_BYTES} random bytes in base64 (openssl rand -base64 ${KEY_BYTES})`;
const publicUrlRule =
  'must be the address at which callers reach the API, such as https://baton.example';
const sandboxRule = 'must be an address such as http://127.0.0.1:8401';

const secretKey = z.string().transform((value, context): SecretKey => {
  const bytes = Buffer.from(value, 'base64');
  const isCanonical = bytes.toString('base64').replace(/=+$/, '') === value.replace(/=+$/, '');
  if (!isCanonical || bytes.length !== KEY_BYTES) {
    context.addIssue({ code: 'custom', message: `must be ${keyRule}` });
  } else if (new Set(bytes).size < 8) {
    context.addIssue({ code: 'custom', message: `is no random key; it must be ${keyRule}` });
  }
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes };
});

const commonVariables = {
  DATABASE_URL: required(databaseRule).transform(
    address(['postgres:', 'postgresql:'], `must be ${databaseRule}`),
  ),
  TASK_QUEUE: z
    .string()
    .regex(/^[\w.:-]{1,200}$/, 'must be 1 to 200 letters, digits or . : _ -')
    .default('baton'),
  LOG_LEVEL: z.enum(logLevels, { error: `must be one of ${logLevels.join(', ')}` }).default('info'),
  BATON_LOCAL: flag,
  BATON_ASSETS_DIR: required('the directory that holds uploaded assets'),
  BATON_SECRET_KEY: required(keyRule).pipe(secretKey),
  BATON_PREVIOUS_SECRET_KEYS: z.string().default('').transform(listOf).pipe(z.array(secretKey)),
  SANDBOX_URL: z
    .string()
    .transform(address(['http:', 'https:'], sandboxRule))
    .optional(),
};

/** What the worker reads beside Temporal's own variables; docs/configuration.md explains each. */
export const workerVariables = z.object({
  ...commonVariables,
  BATON_WORKFLOW_BUNDLE: z.string().optional(),
  BATON_ALLOWED_ORIGINS: z.string().default('').transform(origins),
});

/** What the API reads beside Temporal's own variables; docs/configuration.md explains each. */
export const apiVariables = z.object({
  ...commonVariables,
  HOST: z.string().default('127.0.0.1'),
  PORT: whole({ from: 0, to: 65_535, byDefault: 8400 }),
  BATON_BEHIND_TLS_PROXY: flag,
  BATON_PUBLIC_URL: z.string().transform(publicAddress).optional(),
  BATON_INSTANCE: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
    .optional(),
  RATE_LIMIT_PER_SECOND: whole({ from: 1, to: 1_000_000, byDefault: 100 }),
  BODY_LIMIT_BYTES: whole({ from: 1024, to: 16 * MEBIBYTE, byDefault: 256 * 1024 }),
  UPLOAD_LIMIT_BYTES: whole({ from: 1024, to: 8192 * MEBIBYTE, byDefault: 512 * MEBIBYTE }),
  IMPORT_LIMIT_BYTES: whole({ from: 1024, to: 1024 * MEBIBYTE, byDefault: 16 * MEBIBYTE }),
});

/**
 * The worker's settings from the environment.
 *
 * @throws ConfigError naming every variable that is missing or wrong; values are never repeated.
 */
export function readWorkerConfig(environment: Environment = process.env): WorkerConfig {
  const { variables, temporal, issues } = readVariables(workerVariables, environment);
  if (!variables || !temporal || issues.length > 0) throw new ConfigError(issues);
  return {
    ...toCommonConfig(variables, temporal),
    workflowBundle: variables.BATON_WORKFLOW_BUNDLE ?? null,
    allowedOrigins: variables.BATON_ALLOWED_ORIGINS,
  };
}

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
    rateLimitPerSecond: variables.RATE_LIMIT_PER_SECOND,
    limits: {
      bodyBytes: variables.BODY_LIMIT_BYTES,
      uploadBytes: variables.UPLOAD_LIMIT_BYTES,
      importBytes: variables.IMPORT_LIMIT_BYTES,
    },
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
  const issues: ConfigIssue[] = [];
  const set = readSecretFiles(dropEmpty(environment), issues);
  const variables = parseVariables(
    z.object({ DATABASE_URL: commonVariables.DATABASE_URL }),
    set,
    issues,
  );
  if (!variables || issues.length > 0) throw new ConfigError(issues);
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
  const issues: ConfigIssue[] = [];
  const set = readSecretFiles(dropEmpty(environment), issues);
  const { DATABASE_URL, BATON_SECRET_KEY, BATON_PREVIOUS_SECRET_KEYS } = commonVariables;
  const variables = parseVariables(
    z.object({ DATABASE_URL, BATON_SECRET_KEY, BATON_PREVIOUS_SECRET_KEYS }),
    set,
    issues,
  );
  if (!variables || issues.length > 0) throw new ConfigError(issues);
  return { databaseUrl: variables.DATABASE_URL, secretKeys: secretKeysOf(variables) };
}

function secretKeysOf({
  BATON_SECRET_KEY: current,
  BATON_PREVIOUS_SECRET_KEYS: previous,
}: Pick<
  CommonVariables,
  'BATON_SECRET_KEY' | 'BATON_PREVIOUS_SECRET_KEYS'
>): CommonConfig['secretKeys'] {
  return { current, all: [current, ...previous] };
}

type CommonVariables = z.output<z.ZodObject<typeof commonVariables>>;
type TemporalSettings = Omit<TemporalConfig, 'taskQueue'>;

function toCommonConfig(variables: CommonVariables, temporal: TemporalSettings): CommonConfig {
  return {
    databaseUrl: variables.DATABASE_URL,
    temporal: { ...temporal, taskQueue: variables.TASK_QUEUE },
    logLevel: variables.LOG_LEVEL,
    local: variables.BATON_LOCAL,
    assetsDir: variables.BATON_ASSETS_DIR,
    secretKeys: secretKeysOf(variables),
    sandboxUrl: variables.SANDBOX_URL?.replace(/\/+$/, '') ?? null,
  };
}

interface Reading<T> {
  variables: T | null;
  temporal: TemporalSettings | null;
  issues: ConfigIssue[];
}

function readVariables<T>(schema: z.ZodType<T>, environment: Environment): Reading<T> {
  const issues: ConfigIssue[] = [];
  const set = readSecretFiles(dropEmpty(environment), issues);
  const variables = parseVariables(schema, set, issues);
  const temporal = readTemporal(set, issues);
  return { variables, temporal, issues };
}

/** Adds one issue per variable that the schema refuses; null when there is any. */
function parseVariables<T>(
  schema: z.ZodType<T>,
  set: Record<string, string>,
  issues: ConfigIssue[],
): T | null {
  const parsed = schema.safeParse(set);
  for (const issue of parsed.error?.issues ?? []) {
    const variable = String(issue.path[0]);
    if (issues.every((other) => other.variable !== variable)) {
      issues.push({ variable, rule: issue.message });
    }
  }
  return parsed.success ? parsed.data : null;
}

/** Container tools pass a variable that is not set as an empty one. */
function dropEmpty(environment: Environment): Record<string, string> {
  const entries = Object.entries(environment);
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])),
  );
}

function readSecretFiles(
  set: Record<string, string>,
  issues: ConfigIssue[],
): Record<string, string> {
  const complete = { ...set };
  for (const name of variablesWithFile) {
    const file = set[`${name}_FILE`];
    if (!file) continue;
    if (set[name]) {
      issues.push({ variable: name, rule: `must not be set together with ${name}_FILE` });
      continue;
    }
    try {
      complete[name] = readFileSync(file, 'utf8').trim();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      issues.push({ variable: `${name}_FILE`, rule: `must name a readable file: ${reason}` });
    }
  }
  return complete;
}

/**
 * Address, namespace, API key and TLS by the Temporal SDK's own rules: TEMPORAL_ADDRESS,
 * TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*, or a profile of its configuration file.
 */
function readTemporal(set: Record<string, string>, issues: ConfigIssue[]): TemporalSettings | null {
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

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine reaches `host`. A name other than localhost may be any address. */
function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
