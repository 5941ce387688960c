import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConfigError } from './config/config-error.ts';
import type { Environment } from './config/environment.ts';
import { readApiConfig, readDatabaseConfig, readWorkerConfig } from './config.ts';

const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7)).toString('base64');
const otherKey = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 5)).toString(
  'base64',
);

function environment(changes: Environment = {}): Environment {
  return {
    DATABASE_URL: 'postgresql://baton:s3cret@127.0.0.1:5432/baton',
    TEMPORAL_ADDRESS: '127.0.0.1:7233',
    // Whatever the developer has configured for Temporal is not part of the test.
    TEMPORAL_CONFIG_FILE: '/does/not/exist',
    BATON_ASSETS_DIR: '/var/lib/baton/assets',
    BATON_SECRET_KEY: key,
    BATON_PAYLOAD_KEY: otherKey,
    ...changes,
  };
}

function issuesOf(read: () => unknown): Record<string, string> {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Object.fromEntries(error.issues.map(({ variable, rule }) => [variable, rule]));
  }
  throw new Error('the configuration was accepted');
}

describe('configuration of the API', () => {
  it('needs five variables and has defaults for the rest', () => {
    const config = readApiConfig(environment());
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8400,
      behindTlsProxy: false,
      publicUrl: null,
      instance: null,
      rateLimitPerSecond: 100,
      limits: { bodyBytes: 262_144 },
      logLevel: 'info',
      local: false,
      sandboxUrl: null,
      temporal: {
        connection: { address: '127.0.0.1:7233' },
        namespace: 'default',
        taskQueue: 'baton',
      },
    });
    expect(config.secretKeys.current.bytes.toString('base64')).toBe(key);
    expect(config.secretKeys.all).toEqual([config.secretKeys.current]);
  });

  it('names every missing variable at once', () => {
    expect(
      Object.keys(issuesOf(() => readApiConfig({ TEMPORAL_CONFIG_FILE: '/does/not/exist' }))),
    ).toEqual([
      'DATABASE_URL',
      'BATON_ASSETS_DIR',
      'BATON_SECRET_KEY',
      'BATON_PAYLOAD_KEY',
      'TEMPORAL_ADDRESS',
    ]);
  });

  it('treats an empty variable, and an empty file, as one that is not set', () => {
    const optional = { BATON_METRICS_KEY_FILE: '/dev/null', BATON_SMTP_PASSWORD_FILE: '/dev/null' };
    expect(readApiConfig(environment(optional)).metricsKey).toBeNull();
    expect(readWorkerConfig(environment(optional)).mail).toBeNull();
    expect(readApiConfig(environment({ PORT: '', SANDBOX_URL: ' ' }))).toMatchObject({
      port: 8400,
      sandboxUrl: null,
    });
    expect(issuesOf(() => readApiConfig(environment({ DATABASE_URL: '' })))).toHaveProperty(
      'DATABASE_URL',
    );
  });

  it.each([
    ['DATABASE_URL', 'mysql://root@localhost/baton'],
    ['DATABASE_URL', 'not an address'],
    ['TEMPORAL_ADDRESS', 'http://127.0.0.1:7233'],
    ['TASK_QUEUE', 'a queue'],
    ['LOG_LEVEL', 'loud'],
    ['BATON_LOCAL', 'yes'],
    ['PORT', '80.5'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['SANDBOX_URL', 'ftp://127.0.0.1'],
    ['RATE_LIMIT_PER_SECOND', '0'],
    ['BODY_LIMIT_BYTES', '1e9'],
    ['BATON_SECRET_KEY', 'short'],
    ['BATON_SECRET_KEY', Buffer.alloc(16, 1).toString('base64')],
    ['BATON_SECRET_KEY', Buffer.alloc(32).toString('base64')],
    ['BATON_SECRET_KEY', `${key}!`],
    ['BATON_PREVIOUS_SECRET_KEYS', `${otherKey},short`],
    ['BATON_SECRET_KEY_FILE', '/dev/null'],
    ['DATABASE_URL_FILE', '/does/not/exist'],
  ])('refuses %s=%s and says why', (variable, value) => {
    const changed: Record<string, string | undefined> = { ...environment(), [variable]: value };
    if (variable === 'DATABASE_URL_FILE') delete changed['DATABASE_URL'];
    const issues = issuesOf(() => readApiConfig(changed));
    const named = Object.keys(issues).map((name) => name.replace(/_FILE$/, ''));
    expect(named).toContain(variable.replace(/_FILE$/, ''));
  });

  it.each([
    ['items', ['items']],
    ['recording, sends,sends', ['sends', 'recording']],
    ['', ['items', 'sends', 'lookups', 'measuring', 'recording', 'watch', 'delivery']],
  ])('works for the queues BATON_QUEUES=%s', (value, queues) => {
    expect(readWorkerConfig(environment({ BATON_QUEUES: value })).queues).toEqual(queues);
  });

  it.each(['posts', 'items,posts', ','])(
    'refuses BATON_QUEUES=%s and names those there are',
    (value) => {
      const issues = issuesOf(() => readWorkerConfig(environment({ BATON_QUEUES: value })));
      expect(issues['BATON_QUEUES']).toContain(
        'items, sends, lookups, measuring, recording, watch',
      );
    },
  );

  it('never repeats a value in its message', () => {
    const wrong = environment({ DATABASE_URL: 'mysql://u:canary@h/d', BATON_SECRET_KEY: 'canary' });
    expect(() => readApiConfig(wrong)).toThrow(ConfigError);
    expect(() => readApiConfig(wrong)).not.toThrow(/canary/);
  });

  describe('the address it listens on', () => {
    it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost', '::ffff:127.0.0.1'])(
      'accepts %s',
      (host) => {
        expect(readApiConfig(environment({ HOST: host })).host).toBe(host);
      },
    );

    it.each(['0.0.0.0', '::', '192.168.1.4', 'baton.example', '127.0.0.1.nip.io'])(
      'refuses %s unless a TLS proxy is in front',
      (host) => {
        expect(issuesOf(() => readApiConfig(environment({ HOST: host })))).toHaveProperty('HOST');
        const behindProxy = environment({ HOST: host, BATON_BEHIND_TLS_PROXY: '1' });
        expect(readApiConfig(behindProxy)).toMatchObject({ host, behindTlsProxy: true });
      },
    );

    it('is always the loopback on the local stack', () => {
      const local = environment({ HOST: '0.0.0.0', BATON_LOCAL: '1', BATON_BEHIND_TLS_PROXY: '1' });
      expect(issuesOf(() => readApiConfig(local))).toHaveProperty('HOST');
    });
  });

  it('knows where callers reach it, when that is said', () => {
    const publicUrl = (BATON_PUBLIC_URL: string) =>
      readApiConfig(environment({ BATON_PUBLIC_URL })).publicUrl;
    expect(publicUrl('https://baton.example/')).toBe('https://baton.example');
    expect(publicUrl('https://example.org/baton')).toBe('https://example.org/baton');
    expect(publicUrl('http://[::1]:8400')).toBe('http://[::1]:8400');
    for (const wrong of [
      'baton.example',
      'http://baton.example',
      'ftp://127.0.0.1',
      'https://u:p@baton.example',
      'https://baton.example/?a',
      'https://baton.example/#a',
    ]) {
      expect(
        issuesOf(() => publicUrl(wrong)),
        wrong,
      ).toHaveProperty('BATON_PUBLIC_URL');
    }
  });

  describe('secrets', () => {
    it('come from a file as well', () => {
      const directory = mkdtempSync(join(tmpdir(), 'baton-config-'));
      onTestFinished(() => rmSync(directory, { recursive: true }));
      const file = join(directory, 'key');
      writeFileSync(file, `${key}\n`);
      const config = readApiConfig(
        environment({ BATON_SECRET_KEY: undefined, BATON_SECRET_KEY_FILE: file }),
      );
      expect(config.secretKeys.current.bytes.toString('base64')).toBe(key);
    });

    it('rotate: the new key encrypts, old ones still decrypt', () => {
      const { secretKeys } = readApiConfig(
        environment({ BATON_SECRET_KEY: otherKey, BATON_PREVIOUS_SECRET_KEYS: `${key}, ` }),
      );
      expect(secretKeys.all.map(({ bytes }) => bytes.toString('base64'))).toEqual([otherKey, key]);
      expect(secretKeys.all[0]).toBe(secretKeys.current);
      expect(new Set(secretKeys.all.map(({ id }) => id)).size).toBe(2);
    });
  });

  it("reads an API key and TLS for Temporal by the SDK's rules", () => {
    const { temporal } = readApiConfig(
      environment({
        TEMPORAL_ADDRESS: 'baton.a1b2c.tmprl.cloud:7233',
        TEMPORAL_NAMESPACE: 'baton.a1b2c',
        TEMPORAL_API_KEY: 'k',
      }),
    );
    expect(temporal).toEqual({
      connection: { address: 'baton.a1b2c.tmprl.cloud:7233', apiKey: 'k', tls: true },
      namespace: 'baton.a1b2c',
      taskQueue: 'baton',
    });
  });
});

describe('the metrics of the worker', () => {
  const read = (change: Record<string, string>) => readWorkerConfig(environment(change));

  it('are nowhere, on loopback, or for who has the key', () => {
    expect(read({}).metricsAddress).toBeNull();
    const loopback = read({ BATON_METRICS_ADDRESS: '[::1]:9464' });
    expect(loopback).toMatchObject({ metricsAddress: { host: '::1', port: 9464 } });
    const metricsKey = 'k'.repeat(32);
    const open = { BATON_METRICS_ADDRESS: '0.0.0.0:9464', BATON_METRICS_KEY: metricsKey };
    expect(read(open)).toMatchObject({ metricsAddress: { host: '0.0.0.0' }, metricsKey });
  });

  it.each([
    { BATON_METRICS_ADDRESS: '0.0.0.0:9464' },
    { BATON_METRICS_ADDRESS: '127.0.0.1' },
    { BATON_METRICS_ADDRESS: '127.0.0.1:99999' },
    { BATON_METRICS_KEY: 'short' },
    { KEEP_COMMANDS_DAYS: '59' },
    { KEEP_FILES_DAYS: '0' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
  ])('refuse %o by name', (change) => {
    expect(Object.keys(issuesOf(() => read(change)))).toEqual(Object.keys(change));
  });

  it('say where traces go', () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:4318';
    expect(read({}).tracesExported).toBe(false);
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT }).tracesExported).toBe(true);
    const off = read({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' });
    expect(off.tracesExported).toBe(false);
  });
});

describe('configuration of the worker', () => {
  it('takes a prebuilt workflow bundle', () => {
    expect(readWorkerConfig(environment()).workflowBundle).toBeNull();
    const built = environment({ BATON_WORKFLOW_BUNDLE: 'dist/workflow-bundle.js' });
    expect(readWorkerConfig(built).workflowBundle).toBe('dist/workflow-bundle.js');
  });

  it('allows origins beside the sandbox, and nothing but origins', () => {
    expect(readWorkerConfig(environment()).allowedOrigins).toEqual([]);
    const allowed = environment({ BATON_ALLOWED_ORIGINS: 'http://127.0.0.1:2583, https://a.test' });
    expect(readWorkerConfig(allowed).allowedOrigins).toEqual([
      'http://127.0.0.1:2583',
      'https://a.test',
    ]);
    for (const wrong of ['127.0.0.1:2583', 'http://a.test/path', 'http://u:p@a.test', 'ftp://a']) {
      const read = () => readWorkerConfig(environment({ BATON_ALLOWED_ORIGINS: wrong }));
      expect(issuesOf(read), wrong).toHaveProperty('BATON_ALLOWED_ORIGINS');
    }
  });

  it('refuses what the API refuses', () => {
    expect(
      issuesOf(() => readWorkerConfig(environment({ BATON_SECRET_KEY: 'short' }))),
    ).toHaveProperty('BATON_SECRET_KEY');
  });
});

describe('configuration of a program that only needs the database', () => {
  it('asks for nothing else', () => {
    const databaseUrl = 'postgresql://baton:s3cret@127.0.0.1:5432/baton';
    expect(readDatabaseConfig({ DATABASE_URL: databaseUrl })).toEqual({ databaseUrl });
    expect(Object.keys(issuesOf(() => readDatabaseConfig({})))).toEqual(['DATABASE_URL']);
  });
});
