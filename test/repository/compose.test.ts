import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

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

describe('docker-compose.yml', () => {
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
      'baton_payload_key',
      'baton_previous_payload_keys',
      'baton_previous_secret_keys',
      'baton_program_url',
      'baton_secret_key',
    ];
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
      worker: ofPrograms,
      'worker-next': ofPrograms,
    });
    // A variable shows in `docker inspect` and in every child's environment.
    expect(text).not.toMatch(/^\s*\w*(PASSWORD|SECRET_KEY|SECRET_KEYS|PWD|DATABASE_URL):/m);
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
