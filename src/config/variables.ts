import { createHash } from 'node:crypto';
import { z } from 'zod';
import { TASK_QUEUES } from '../domain/task-queues.ts';
import { readSigningKey, type SigningKey } from '../evidence/checkpoint.ts';
import { isLoopback } from './loopback.ts';
import { mailVariables } from './mail.ts';

/** A key of 32 bytes for AES-256-GCM and the id stored beside what it encrypts. */
export interface SecretKey {
  /** First 8 hex digits of the key's SHA-256. */
  id: string;
  bytes: Buffer;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const KEY_BYTES = 32;
const MEBIBYTE = 1024 * 1024;

const flag = z
  .enum(['0', '1', 'false', 'true'], { error: 'must be 1 or 0 (or true, false)' })
  .default('0')
  .transform((value) => value === '1' || value === 'true');

function required(rule: string) {
  return z.string({ error: `is required: ${rule}` });
}

function whole({ byDefault, ...range }: { from: number; to: number; byDefault: number }) {
  return wholeIn(range).default(byDefault);
}

function wholeOrNone(range: { from: number; to: number }) {
  return wholeIn(range).optional();
}

function wholeIn({ from, to }: { from: number; to: number }) {
  const rule = `must be a whole number from ${from} to ${to}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, { error: rule, abort: true })
    .transform(Number)
    .refine((value) => value >= from && value <= to, { error: rule });
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
  const named = listOf(value);
  const isOrigin = (text: string) =>
    /^https?:/.test(text) &&
    URL.canParse(text) &&
    new URL(text).href === `${new URL(text).origin}/`;
  if (!named.every(isOrigin)) {
    const message = 'must be origins such as http://127.0.0.1:4010, separated by commas';
    context.addIssue({ code: 'custom', message });
  }
  return named;
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
const queuesRule = `must be names of ${TASK_QUEUES.join(', ')}, separated by commas`;
const sandboxRule = 'must be an address such as http://127.0.0.1:8401';

function keyOf(value: string, context: z.RefinementCtx): SecretKey {
  const bytes = Buffer.from(value, 'base64');
  const isCanonical = bytes.toString('base64').replace(/=+$/, '') === value.replace(/=+$/, '');
  if (!isCanonical || bytes.length !== KEY_BYTES) {
    context.addIssue({ code: 'custom', message: `must be ${keyRule}` });
  } else if (new Set(bytes).size < 8) {
    context.addIssue({ code: 'custom', message: `is no random key; it must be ${keyRule}` });
  }
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes };
}

function signingKey(value: string, context: z.RefinementCtx): SigningKey | typeof z.NEVER {
  try {
    return readSigningKey(value);
  } catch {
    context.addIssue({
      code: 'custom',
      message: 'must be an Ed25519 private key in PEM (openssl genpkey -algorithm ed25519)',
    });
    return z.NEVER;
  }
}

const secretKey = z.string().transform(keyOf);
const queues = z
  .array(z.enum(TASK_QUEUES, { error: queuesRule }))
  .min(1, { error: queuesRule })
  .transform((named) => TASK_QUEUES.filter((queue) => named.includes(queue)));

/** OpenTelemetry's own names: its exporter reads these and its other variables by itself. */
const otlpRule = 'must be an address such as http://127.0.0.1:4318';
const otlpAddress = z
  .string()
  .transform(address(['http:', 'https:'], otlpRule))
  .optional();

/** Plain text in the engine is a decision that somebody writes down. */
const keyOrOff = z
  .string()
  .transform((value, context) => (value === 'off' ? null : keyOf(value, context)));

export const commonVariables = {
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
  BATON_PAYLOAD_KEY: required(`${keyRule}, or off`).pipe(keyOrOff),
  BATON_PREVIOUS_PAYLOAD_KEYS: z.string().default('').transform(listOf).pipe(z.array(secretKey)),
  BATON_ALLOWED_ORIGINS: z.string().default('').transform(origins),
  OTEL_EXPORTER_OTLP_ENDPOINT: otlpAddress,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: otlpAddress,
  OTEL_SDK_DISABLED: flag,
  SANDBOX_URL: z
    .string()
    .transform(address(['http:', 'https:'], sandboxRule))
    .optional(),
};

/** Of the build of the workflows that a worker runs. */
const buildVariables = {
  BATON_WORKFLOW_BUNDLE: z.string().optional(),
  BATON_BUILD_ID: z
    .string()
    .regex(/^[\w.-]{1,100}$/, 'must be 1 to 100 letters, digits or . _ -')
    .optional(),
};

const metricsKeyRule = 'must be 32 to 200 letters, digits or . _ - (openssl rand -hex 32)';
const metricsVariables = {
  BATON_METRICS_KEY: z
    .string()
    .regex(/^[\w.-]{32,200}$/, metricsKeyRule)
    .optional(),
};

const addressRule = 'must be host:port, such as 127.0.0.1:9464 or [::1]:9464';

/** Where a program listens. */
function listenAddress(value: string, context: z.RefinementCtx): { host: string; port: number } {
  const [, host = '', port = ''] =
    /^(\[[\da-f:]{2,45}\]|[\w.-]{1,253}):(\d{1,5})$/i.exec(value) ?? [];
  if (host === '' || Number(port) > 65_535) {
    context.addIssue({ code: 'custom', message: addressRule });
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** How many days what is over is kept. None is so short that somebody could still ask for it. */
export const keepVariables = {
  KEEP_COMMANDS_DAYS: whole({ from: 60, to: 36_500, byDefault: 365 }),
  KEEP_ANSWERS_DAYS: whole({ from: 30, to: 36_500, byDefault: 90 }),
  KEEP_FINDINGS_DAYS: whole({ from: 30, to: 36_500, byDefault: 180 }),
  KEEP_ACCOUNTS_DAYS: whole({ from: 7, to: 36_500, byDefault: 30 }),
  KEEP_FILES_DAYS: whole({ from: 7, to: 36_500, byDefault: 30 }),
  KEEP_DELIVERIES_DAYS: whole({ from: 7, to: 36_500, byDefault: 30 }),
  KEEP_NOTICES_DAYS: whole({ from: 7, to: 36_500, byDefault: 90 }),
};

/** What the worker reads beside Temporal's own variables; docs/configuration.md explains each. */
export const workerVariables = z.object({
  ...commonVariables,
  ...buildVariables,
  BATON_QUEUES: z.string().default(TASK_QUEUES.join(',')).transform(listOf).pipe(queues),
  BATON_METRICS_ADDRESS: z.string().transform(listenAddress).optional(),
  ...metricsVariables,
  ...keepVariables,
  BATON_PUBLIC_URL: z.string().transform(publicAddress).optional(),
  ...mailVariables,
  BATON_CHECKPOINT_KEY: z.string().transform(signingKey).optional(),
  BATON_CHECKPOINT_DIR: z.string().min(1).optional(),
});

/** What a release needs of them. */
export const releaseVariables = z.object({
  TASK_QUEUE: commonVariables.TASK_QUEUE,
  BATON_PAYLOAD_KEY: commonVariables.BATON_PAYLOAD_KEY,
  BATON_PREVIOUS_PAYLOAD_KEYS: commonVariables.BATON_PREVIOUS_PAYLOAD_KEYS,
  ...buildVariables,
});

/** What the API reads beside Temporal's own variables; docs/configuration.md explains each. */
export const apiVariables = z.object({
  ...commonVariables,
  HOST: z.string().default('127.0.0.1'),
  PORT: whole({ from: 0, to: 65_535, byDefault: 8400 }),
  BATON_BEHIND_TLS_PROXY: flag,
  BATON_PUBLIC_URL: z.string().transform(publicAddress).optional(),
  ...metricsVariables,
  BATON_INSTANCE: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
    .optional(),
  RATE_LIMIT_PER_SECOND: whole({ from: 1, to: 1_000_000, byDefault: 100 }),
  WORKSPACE_RATE_LIMIT_PER_SECOND: wholeOrNone({ from: 1, to: 10_000_000 }),
  QUOTA_OPEN_ITEMS: whole({ from: 1, to: 10_000_000, byDefault: 20_000 }),
  QUOTA_STORAGE_BYTES: whole({
    from: MEBIBYTE,
    to: MEBIBYTE ** 2 * 8192,
    byDefault: 50 * 1024 * MEBIBYTE,
  }),
  QUOTA_API_KEYS: whole({ from: 1, to: 1_000_000, byDefault: 1_000 }),
  QUOTA_WEBHOOK_ENDPOINTS: whole({ from: 1, to: 1_000_000, byDefault: 200 }),
  BODY_LIMIT_BYTES: whole({ from: 1024, to: 16 * MEBIBYTE, byDefault: 256 * 1024 }),
  UPLOAD_LIMIT_BYTES: whole({ from: 1024, to: 8192 * MEBIBYTE, byDefault: 512 * MEBIBYTE }),
  IMPORT_LIMIT_BYTES: whole({ from: 1024, to: 1024 * MEBIBYTE, byDefault: 16 * MEBIBYTE }),
  EXPORT_FILE_LIMIT_BYTES: whole({ from: 1024, to: 1024 * MEBIBYTE, byDefault: 128 * MEBIBYTE }),
});

export type CommonVariables = z.output<z.ZodObject<typeof commonVariables>>;
