import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

/** For each folder: what it may import, and what it may not with a word of the message that says so. */
const rules: Record<string, { allowed: string[]; refused: [string, RegExp][] }> = {
  domain: {
    allowed: ['zod', 'xstate', '@noble/hashes/sha2.js', 'canonicalize', './stages.ts'],
    refused: [
      ['../db/client.ts', /src\/db/],
      ['../workflows/messages.ts', /src\/activities/],
      ['../config.ts', /argument/],
      ['node:crypto', /@noble\/hashes/],
      ['lodash', /only/],
      ['@temporalio/workflow', /only/],
    ],
  },
  workflows: {
    allowed: ['@temporalio/workflow', '@temporalio/common', '../domain/stages.ts', './messages.ts'],
    refused: [
      ['../db/client.ts', /src\/activities/],
      ['../api/app.ts', /src\/activities/],
      ['../config.ts', /deterministic/],
      ['zod', /bundle/],
      ['node:fs', /@temporalio\/workflow/],
      ['@temporalio/client', /@temporalio\/workflow/],
    ],
  },
  activities: {
    allowed: ['@temporalio/activity', '../db/client.ts', '../channels/registry.ts', 'node:fs'],
    refused: [
      ['../workflows/messages.ts', /src\/domain/],
      ['../api/app.ts', /src\/domain/],
      ['@temporalio/workflow', /src\/workflows/],
    ],
  },
  channels: {
    allowed: ['../domain/channels.ts', '../http/http-client.ts', 'zod'],
    refused: [
      ['../db/client.ts', /publishing/],
      ['../metrics/registry.ts', /publishing/],
      ['@temporalio/activity', /engine/],
    ],
  },
  'channels/sandbox': {
    allowed: ['../../domain/channels.ts', '../channel.ts'],
    refused: [['../../db/client.ts', /publishing/]],
  },
  metrics: {
    allowed: ['../domain/measures.ts', '../http/http-client.ts'],
    refused: [
      ['../db/client.ts', /measuring/],
      ['../channels/registry.ts', /measuring/],
      ['pg', /database/],
    ],
  },
  db: {
    allowed: ['../domain/stages.ts', 'drizzle-orm', 'pg', 'node:crypto'],
    refused: [
      ['../api/app.ts', /calls it/],
      ['../channels/registry.ts', /calls it/],
      ['@temporalio/client', /engine/],
      ['hono', /src\/api/],
    ],
  },
  api: {
    allowed: [
      '../workflows/messages.ts',
      '../temporal.ts',
      '../config.ts',
      '../db/client.ts',
      'hono',
    ],
    refused: [
      ['../workflows/content-item.ts', /messages\.ts/],
      ['../activities/index.ts', /src\/activities/],
      ['../channels/registry.ts', /src\/activities/],
      ['@temporalio/worker', /worker\.ts/],
    ],
  },
  'api/routes': {
    allowed: ['../../workflows/messages.ts', '../errors.ts', '../../time/zoned-time.ts'],
    refused: [['../../workflows/content-item.ts', /messages\.ts/]],
  },
  client: {
    allowed: ['../api/app.ts', '../domain/stages.ts', 'hono/client'],
    refused: [
      ['../api/errors.ts', /type/],
      ['../db/client.ts', /routes/],
      ['@temporalio/client', /door/],
    ],
  },
  cli: {
    allowed: ['../client/index.ts', 'commander'],
    refused: [
      ['../db/client.ts', /routes/],
      ['pg', /door/],
    ],
  },
  http: {
    allowed: ['undici', 'ipaddr.js', 'node:net'],
    refused: [
      ['../db/client.ts', /argument/],
      ['pg', /src\/db/],
    ],
  },
  time: {
    allowed: ['temporal-polyfill', 'date-holidays', '../domain/stages.ts'],
    refused: [['../db/client.ts', /argument/]],
  },
};

const report = z.object({
  diagnostics: z.array(
    z.object({
      category: z.string(),
      message: z.string(),
      location: z.object({ path: z.string(), start: z.object({ line: z.number() }) }),
    }),
  ),
});

const root = dirname(dirname(import.meta.dirname));

describe('import rules', () => {
  let directory: string;
  /** Message per `folder` and imported module. */
  const messages = new Map<string, string>();

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'baton-imports-'));
    const config: unknown = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
    writeFileSync(
      join(directory, 'biome.json'),
      JSON.stringify({
        ...z.record(z.string(), z.unknown()).parse(config),
        vcs: { enabled: false },
      }),
    );
    for (const [folder, { allowed, refused }] of Object.entries(rules)) {
      mkdirSync(join(directory, 'src', folder), { recursive: true });
      const lines = [...allowed, ...refused.map(([module]) => module)].map(
        (module, index) => `export * as x${index} from '${module}';`,
      );
      writeFileSync(join(directory, 'src', folder, 'probe.ts'), lines.join('\n'));
    }
    const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
    const result = spawnSync(
      process.execPath,
      [biome, 'lint', '--reporter=json', '--max-diagnostics=500', 'src'],
      { cwd: directory, encoding: 'utf8' },
    );
    for (const found of report.parse(JSON.parse(result.stdout)).diagnostics) {
      if (found.category !== 'lint/style/noRestrictedImports') continue;
      const folder = dirname(found.location.path)
        .replaceAll('\\', '/')
        .replace(/^src\//, '');
      const rule = rules[folder];
      const modules = [
        ...(rule?.allowed ?? []),
        ...(rule?.refused ?? []).map(([module]) => module),
      ];
      messages.set(`${folder} ${modules[found.location.start.line - 1]}`, found.message);
    }
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const refusals = Object.entries(rules).flatMap(([folder, { refused }]) =>
    refused.map(([module, place]) => [folder, module, place] as const),
  );
  it.each(refusals)(
    'src/%s may not import %s, and the message names the place',
    (folder, module, place) => {
      expect(messages.get(`${folder} ${module}`)).toMatch(place);
    },
  );

  it('allows what the architecture allows', () => {
    const wronglyRefused = Object.entries(rules).flatMap(([folder, { allowed }]) =>
      allowed.map((module) => `${folder} ${module}`).filter((key) => messages.has(key)),
    );
    expect(wronglyRefused).toEqual([]);
  });
});

describe('imports that may only be types', () => {
  /** Statements of `folder` that load `module` when the program runs. */
  function runTimeImports(folder: string, module: RegExp): string[] {
    return globSync(`src/${folder}/**/*.ts`, { cwd: root }).flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const statements = text.match(/^(?:import|export)\b[^;]*?\bfrom '[^']+';/gm) ?? [];
      return statements
        .filter((statement) => module.test(statement) && !/^(import|export) type\b/.test(statement))
        .map((statement) => `${file}: ${statement}`);
    });
  }

  it('workflows take only types from activities', () => {
    expect(runTimeImports('workflows', /from '[^']*\/activities\//)).toEqual([]);
  });

  it.each(['client', 'cli', 'console'])('%s takes only types from the API', (folder) => {
    expect(runTimeImports(folder, /from '[^']*\/api\//)).toEqual([]);
  });
});
