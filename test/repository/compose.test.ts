import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { QUEUE_LIMITS } from '../../src/activities/queue-limits.ts';
import { apiVariables, workerVariables } from '../../src/config/variables.ts';
import { readApiConfig, readWorkerConfig } from '../../src/config.ts';

const root = dirname(dirname(import.meta.dirname));
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

/** Blocks of a section, by the name at their head. */
function blocksOf(section: string): Map<string, string> {
  const body = text.split(new RegExp(`^${section}:$`, 'm'))[1]?.split(/^\S/m)[0] ?? '';
  const parts = body.split(/^ {2}([a-z][\w-]*):$/m).slice(1);
  return new Map(
    parts.flatMap((part, at) => (at % 2 === 0 ? [[part, parts[at + 1] ?? ''] as const] : [])),
  );
}

const services = blocksOf('services');
const shared = new Map(
  [...text.matchAll(/^x-([a-z-]+): &([a-z-]+)\n((?: {2}.*\n|\n)*)/gm)].map(
    ([, , anchor = '', block = '']) => [anchor, block],
  ),
);

/** A service with everything that it takes over. */
function whole(block: string): string {
  const anchors = [...block.matchAll(/^ {2,4}<<: \*([a-z-]+)$/gm)].map(([, name = '']) => name);
  return [block, ...anchors.map((name) => whole(shared.get(name) ?? ''))].join('\n');
}

/** What stands first, as it does where a key is taken over and said again. */
function settingOf(block: string, key: string): string | undefined {
  return new RegExp(`^ {2,4}${key}:\\s*(.+)$`, 'm').exec(whole(block))?.[1];
}

function secretsOf(block: string): string[] {
  const listed = /^ {2,4}secrets:\s*\[([^\]]*)\]/m.exec(whole(block))?.[1] ?? '';
  return listed
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .sort();
}

const Composed = z.object({
  services: z.record(
    z.string(),
    z.object({ environment: z.record(z.string(), z.string()).default({}) }),
  ),
});
const composed = Composed.parse(parse(text, { merge: true }));

/** What a service is told when `.env` says this and ./secrets is a folder of the test. */
function toldTo(service: string, secrets: string, env: Record<string, string> = {}) {
  const told = composed.services[service]?.environment ?? {};
  const filled = (value: string) =>
    value
      .replace(/\$\{(\w+):-([^}]*)\}/g, (_, name: string, byDefault) => env[name] ?? byDefault)
      .replace('/run/secrets', secrets);
  return {
    // Whatever the developer has configured for Temporal is not part of the test.
    TEMPORAL_CONFIG_FILE: '/does/not/exist',
    ...Object.fromEntries(Object.entries(told).map(([name, value]) => [name, filled(value)])),
  };
}

/** Of the local stack, of the image, of tests, or with a default that holds for the containers. */
const NOT_COMPOSED = [
  'BATON_LOCAL',
  'SANDBOX_URL',
  'BATON_WORKFLOW_BUNDLE',
  'BATON_BUILD_ID',
  'BATON_QUEUES',
  'BATON_INSTANCE',
  'BODY_LIMIT_BYTES',
  'UPLOAD_LIMIT_BYTES',
  'IMPORT_LIMIT_BYTES',
  'EXPORT_FILE_LIMIT_BYTES',
];

describe('docker-compose.yml', () => {
  it.each([
    ['api', apiVariables.shape],
    ['worker', workerVariables.shape],
    ['worker-next', workerVariables.shape],
  ])('hands to %s every setting that it reads, and none besides', (service, shape) => {
    const given = Object.keys(composed.services[service]?.environment ?? {})
      .filter((name) => !/^TEMPORAL_/.test(name))
      .map((name) => name.replace(/_FILE$/, ''));
    const read = Object.keys(shape).filter((name) => !NOT_COMPOSED.includes(name));
    expect(given.toSorted()).toEqual(read.toSorted());
  });

  it('starts its programs with fresh secrets alone, and with mail, metrics and traces when asked', () => {
    const secrets = mkdtempSync(join(tmpdir(), 'baton secrets-'));
    onTestFinished(() => rmSync(secrets, { recursive: true }));
    execFileSync('sh', [join(root, 'docker/make-secrets.sh'), secrets]);
    expect(readApiConfig(toldTo('api', secrets)).metricsKey).toMatch(/^[0-9a-f]{64}$/);
    expect(readWorkerConfig(toldTo('worker', secrets))).toMatchObject({
      mail: null,
      metricsAddress: null,
      tracesExported: false,
      checkpoints: { directory: '/var/lib/baton/checkpoints' },
    });

    const asked = {
      BATON_SMTP_HOST: 'smtp.example.com',
      BATON_SMTP_USER: 'baton',
      BATON_MAIL_FROM: 'baton@example.com',
      BATON_METRICS_ADDRESS: '0.0.0.0:9464',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
      KEEP_FILES_DAYS: '60',
    };
    // A user without a password is a mistake that is named.
    expect(() => readWorkerConfig(toldTo('worker', secrets, asked))).toThrow(/BATON_SMTP_PASSWORD/);
    rmSync(join(secrets, 'baton_smtp_password'));
    writeFileSync(join(secrets, 'baton_smtp_password'), 'of the server\n');
    expect(readWorkerConfig(toldTo('worker', secrets, asked))).toMatchObject({
      mail: { login: { user: 'baton', password: 'of the server' } },
      metricsAddress: { host: '0.0.0.0', port: 9464 },
      tracesExported: true,
      keepDays: { files: 60 },
    });
  });

  it('has PostgreSQL take the connections that docs/production.md counts', () => {
    const numbersIn = (file: string) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/^const \w+_CONNECTIONS = (\d+);/gm)].map(
        ([, number]) => Number(number),
      );
    const ofQueues = Object.values(QUEUE_LIMITS).map(({ connections }) => connections);
    const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
    // One more listens for wake-ups.
    const worker = sum(ofQueues) + sum(numbersIn('worker.ts')) + 1;
    const api = sum(numbersIn('src/api/server.ts'));
    expect(readFileSync(join(root, 'docs/production.md'), 'utf8').replace(/\s+/g, ' ')).toContain(
      `A worker with all queues holds ${worker} database connections at most, an API process ${api}.`,
    );
    const taken = /max_connections=\$\{POSTGRES_CONNECTIONS:-(\d+)\}/.exec(text)?.[1];
    // Some are left for Temporal.
    expect(Number(taken)).toBeGreaterThan(3 * worker + 2 * api + 100);
  });

  it('has the services that production needs', () => {
    expect([...services.keys()]).toEqual([
      'postgres',
      'temporal-schema',
      'temporal',
      'temporal-namespace',
      'engine-setup',
      'temporal-ui',
      'migrate',
      'api',
      'worker',
      'worker-next',
    ]);
  });

  it.each([...services])('%s runs as nobody special and writes nothing', (name, block) => {
    expect(settingOf(block, 'user')).toMatch(/^"[1-9]\d*:[1-9]\d*"$/);
    expect(settingOf(block, 'cap_drop')).toBe('[ALL]');
    expect(settingOf(block, 'security_opt')).toBe('["no-new-privileges:true"]');
    expect(settingOf(block, 'mem_limit')).toMatch(/^(\d+[mg]|\$\{[A-Z]+_MEMORY:-\d+[mg]\})$/);
    expect(settingOf(block, 'pids_limit')).toBe('512');
    // Its image writes its configuration at the start.
    expect(settingOf(block, 'read_only')).toBe(name === 'temporal-ui' ? 'false' : 'true');
    expect(whole(block)).not.toMatch(/privileged|cap_add|network_mode|docker\.sock/);
  });

  it('gives each service the secrets that it needs and no other, as files', () => {
    const given = Object.fromEntries(
      [...services].map(([name, block]) => [name, secretsOf(block)]),
    );
    const ofPrograms = [
      'baton_metrics_key',
      'baton_payload_key',
      'baton_previous_payload_keys',
      'baton_previous_secret_keys',
      'baton_program_url',
      'baton_secret_key',
    ];
    const ofWorkers = [...ofPrograms, 'baton_checkpoint_key', 'baton_smtp_password'].toSorted();
    expect(given).toEqual({
      postgres: [
        'baton_owner_password',
        'baton_program_password',
        'postgres_password',
        'temporal_db_password',
      ],
      'temporal-schema': ['temporal_db_password'],
      temporal: ['temporal_db_password'],
      'temporal-namespace': [],
      'engine-setup': [],
      'temporal-ui': [],
      migrate: ['baton_owner_url'],
      api: ofPrograms,
      worker: ofWorkers,
      'worker-next': ofWorkers,
    });
    // A variable shows in `docker inspect` and in every child's environment.
    expect(text).not.toMatch(
      /^\s*\w*(PASSWORD|(SECRET|PAYLOAD|METRICS|CHECKPOINT)_KEYS?|PWD|DATABASE_URL|HEADERS):/m,
    );
  });

  it('has enough history shards from the first start on', () => {
    expect(services.get('temporal')).toMatch(/^ {6}NUM_HISTORY_SHARDS: "512"$/m);
  });

  it('starts nobody before the namespace has what runs write', () => {
    for (const name of ['api', 'worker', 'worker-next']) {
      expect(whole(services.get(name) ?? '')).toMatch(
        /engine-setup:\n +condition: service_completed_successfully/,
      );
    }
  });

  it('runs workers of the next version beside the present ones only when it is asked to', () => {
    const next = services.get('worker-next') ?? '';
    expect(next).toContain('profiles: [next]');
    expect(settingOf(next, 'image')).not.toBe(settingOf(services.get('worker') ?? '', 'image'));
    expect(settingOf(next, 'command')).toBe(settingOf(services.get('worker') ?? '', 'command'));
  });

  it('lets every image be pinned, and opens ports on this machine only', () => {
    for (const [, image = ''] of text.matchAll(/^ +image: (.+)$/gm)) {
      expect(image).toMatch(
        /^(\$\{[A-Z_]+_IMAGE:-[^}]+\}|baton:\$\{BATON_(VERSION:-latest|NEXT_VERSION:-next)\})$/,
      );
    }
    for (const [, port = ''] of text.matchAll(/^ {6}- "([^"]*:\d+)"$/gm)) {
      expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });
});

describe('the files for another engine', () => {
  it.each(['docker-compose.mtls.yml', 'docker-compose.cloud.yml'])(
    '%s tells everybody who talks to the engine, with secrets as files',
    (file) => {
      const change = readFileSync(join(root, file), 'utf8');
      const changed = [...change.matchAll(/^ {2}([a-z-]+):$/gm)].map(([, name]) => name);
      expect(changed).toEqual(
        expect.arrayContaining(['engine-setup', 'api', 'worker', 'worker-next']),
      );
      for (const [, name = '', value = ''] of change.matchAll(/^ +(TEMPORAL_\w+): (.+)$/gm)) {
        if (/KEY|CERT/.test(name)) expect(value).toMatch(/^\/run\/secrets\//);
      }
    },
  );
});

describe('the scripts that make secrets and certificates', () => {
  it('make them once, in a folder that nobody else opens', () => {
    const directory = mkdtempSync(join(tmpdir(), 'baton secrets-'));
    try {
      const folder = join(directory, 'secrets');
      const make = () => execFileSync('sh', [join(root, 'docker/make-secrets.sh'), folder]);
      const read = (name: string) => readFileSync(join(folder, name), 'utf8');
      make();
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      const first = read('baton_secret_key');
      expect(Buffer.from(first, 'base64')).toHaveLength(32);
      expect(read('baton_program_url')).toBe(
        `postgresql://baton_app:${read('baton_program_password')}@postgres:5432/baton`,
      );
      make();
      expect(read('baton_secret_key')).toBe(first);
      const named = [...text.matchAll(/\$\{BATON_SECRETS:-\.\/secrets\}\/(\w+)/g)];
      for (const [, name = ''] of named) expect(statSync(join(folder, name)).isFile()).toBe(true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
