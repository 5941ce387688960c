import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { apiVariables, workerVariables } from '../../src/config/variables.ts';
import { readApiConfig, readEngineConfig, readWorkerConfig } from '../../src/config.ts';
import { imageCopies } from '../support/image.ts';

const root = dirname(dirname(import.meta.dirname));
const folder = join(root, 'deploy/kubernetes');
const read = (name: string): unknown => parse(readFileSync(join(folder, name), 'utf8'));

const Variable = z.object({ name: z.string(), value: z.string() });
const Container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()),
  envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })).default([]),
  env: z.array(Variable).default([]),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).default([]),
  securityContext: z.object({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.object({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  resources: z.object({ limits: z.object({ memory: z.string() }) }),
});
const PodSpec = z.object({
  securityContext: z.object({ runAsNonRoot: z.literal(true), runAsUser: z.literal(1000) }),
  automountServiceAccountToken: z.literal(false),
  initContainers: z.array(Container).default([]),
  containers: z.array(Container),
  volumes: z.array(
    z.looseObject({
      name: z.string(),
      secret: z.object({ items: z.array(z.object({ key: z.string() })) }).optional(),
    }),
  ),
});
const Item = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
  data: z.record(z.string(), z.string()).optional(),
  spec: z.object({ template: z.object({ spec: PodSpec }).optional() }).optional(),
});
const { items } = z.object({ items: z.array(Item) }).parse(read('baton.yaml'));

const maps = new Map(items.map(({ metadata, data }) => [metadata.name, data ?? {}]));
const pods = items.flatMap(({ spec }) => spec?.template?.spec ?? []);
const containers = pods.flatMap((pod) => [...pod.initContainers, ...pod.containers]);

/** Secrets that a container finds as files. */
function secretsOf(name: string): string[] {
  const pod = pods.find((one) =>
    [...one.initContainers, ...one.containers].some((container) => container.name === name),
  );
  const mounts = containers.find((one) => one.name === name)?.volumeMounts ?? [];
  const mounted = (pod?.volumes ?? []).filter((one) =>
    mounts.some((mount) => mount.name === one.name),
  );
  return mounted.flatMap(({ secret }) => secret?.items.map(({ key }) => key) ?? []).toSorted();
}

/** What a container is told, with the mounted secrets in a folder of the test. */
function environmentOf(name: string, secrets: string): Record<string, string> {
  const container = containers.find((one) => one.name === name);
  const all: Record<string, string> = {};
  for (const { configMapRef } of container?.envFrom ?? []) {
    Object.assign(all, maps.get(configMapRef.name));
  }
  for (const { name: variable, value } of container?.env ?? []) all[variable] = value;
  return Object.fromEntries(
    Object.entries(all).map(([variable, value]) => [
      variable,
      value.replace('/run/secrets/baton', secrets),
    ]),
  );
}

describe('deploy/kubernetes/baton.yaml', () => {
  let secrets: string;
  beforeAll(() => {
    secrets = mkdtempSync(join(tmpdir(), 'baton secrets-'));
    execFileSync('sh', [join(root, 'docker/make-secrets.sh'), secrets]);
  });
  afterAll(() => rmSync(secrets, { recursive: true, force: true }));

  it('runs what production needs, each of it in the image', () => {
    expect(containers.map(({ name }) => name)).toEqual([
      'migrate',
      'engine-setup',
      'api',
      'worker',
    ]);
    const targets = imageCopies();
    for (const { image, command } of containers) {
      expect(image).toBe('BATON-IMAGE');
      const [program, script = ''] = command;
      expect(program).toBe('node');
      expect(existsSync(join(root, script)), script).toBe(true);
      expect(
        targets.some(({ source }) => script === source || script.startsWith(`${source}/`)),
      ).toBe(true);
    }
  });

  it('tells each program what it needs, by names that it reads', () => {
    expect(readApiConfig(environmentOf('api', secrets))).toMatchObject({
      host: '0.0.0.0',
      behindTlsProxy: true,
      temporal: { namespace: 'baton-production' },
    });
    const worker = readWorkerConfig(environmentOf('worker', secrets));
    expect(worker.payloadKeys.current).not.toBeNull();
    expect(worker).toMatchObject({
      checkpoints: { directory: '/var/lib/baton/checkpoints' },
      metricsAddress: { port: 9464 },
      publicUrl: 'https://baton.example',
      // Until somebody names a server.
      mail: null,
    });
    const engine = readEngineConfig(environmentOf('engine-setup', secrets));
    expect(engine).toMatchObject({ namespace: 'baton-production' });
    const known = Object.keys({ ...apiVariables.shape, ...workerVariables.shape });
    const named = ['migrate', 'api', 'worker'].flatMap((name) =>
      Object.keys(environmentOf(name, secrets)),
    );
    const unknown = named.filter(
      (name) => !name.startsWith('TEMPORAL_') && !known.includes(name.replace(/_FILE$/, '')),
    );
    expect(unknown).toEqual([]);
  });

  it('says what else a worker takes, by names that it reads', () => {
    const text = readFileSync(join(folder, 'baton.yaml'), 'utf8');
    const optional = [...text.matchAll(/^ +# ([A-Z_]+): (?:"(.+)"|(.+))$/gm)].map(
      ([, name = '', quoted, plain]) => [name, quoted ?? plain ?? ''] as const,
    );
    const chosen = Object.fromEntries(optional.filter(([name]) => !name.startsWith('TEMPORAL_')));
    expect(Object.keys(chosen).filter((name) => !(name in workerVariables.shape))).toEqual([]);
    writeFileSync(join(secrets, 'baton_smtp_password_set'), 'secret');
    const environment = environmentOf('worker', secrets);
    environment['BATON_SMTP_PASSWORD_FILE'] += '_set';
    const config = readWorkerConfig({ ...environment, ...chosen });
    expect(config.mail?.login).toEqual({ user: 'baton', password: 'secret' });
    expect(config.tracesExported).toBe(true);
  });

  it('has every secret as a file that docker/make-secrets.sh makes', () => {
    for (const { name } of containers) {
      for (const [variable, value] of Object.entries(environmentOf(name, secrets))) {
        if (variable.endsWith('_FILE')) {
          expect(existsSync(value), value).toBe(true);
          expect(secretsOf(name)).toContain(basename(value));
        }
        expect(variable).not.toMatch(
          /(PASSWORD|SECRET_KEYS?|(PAYLOAD|API|METRICS|CHECKPOINT)_KEYS?)$/,
        );
      }
    }
  });
});

it('gives each program the secrets that it needs and no other, as docker-compose.yml does', () => {
  const ofPrograms = [
    'baton_metrics_key',
    'baton_payload_key',
    'baton_previous_payload_keys',
    'baton_previous_secret_keys',
    'baton_program_url',
    'baton_secret_key',
  ];
  expect(Object.fromEntries(containers.map(({ name }) => [name, secretsOf(name)]))).toEqual({
    migrate: ['baton_owner_url'],
    'engine-setup': [],
    api: ofPrograms,
    worker: [...ofPrograms, 'baton_checkpoint_key', 'baton_smtp_password'].toSorted(),
  });
});

describe('deploy/kubernetes/temporal-values.yaml', () => {
  const Sql = z.object({ sql: z.looseObject({ databaseName: z.string(), user: z.string() }) });
  const Values = z.object({
    server: z.object({
      image: z.object({ tag: z.string() }),
      config: z.object({
        persistence: z.object({
          numHistoryShards: z.number(),
          datastores: z.object({ default: Sql, visibility: Sql }),
        }),
        namespaces: z.object({ namespace: z.array(z.object({ name: z.string() })) }),
      }),
    }),
  });
  const { server } = Values.parse(read('temporal-values.yaml'));

  it('has the databases, shards and server of docker-compose.yml, and the namespace of Baton', () => {
    const compose = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
    const { persistence, namespaces } = server.config;
    expect(compose).toContain(`temporalio/server:${server.image.tag}`);
    expect(compose).toContain(`NUM_HISTORY_SHARDS: "${persistence.numHistoryShards}"`);
    const made = readFileSync(join(root, 'docker/create-databases.sh'), 'utf8');
    for (const { sql } of Object.values(persistence.datastores)) {
      expect(made).toContain(`create database ${sql.databaseName} owner ${sql.user};`);
      expect(sql).not.toHaveProperty('password');
    }
    expect(namespaces.namespace.map(({ name }) => name)).toEqual([
      maps.get('baton-engine')?.['TEMPORAL_NAMESPACE'],
    ]);
  });
});
