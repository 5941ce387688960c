import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { brokenImportRules, unusedPermissions } from './check.ts';
import { LAYERS } from './layers.ts';

/** For each folder: a file of it, what it may import, and what it may not. */
const cases: Record<string, { file: string; allowed: string[]; refused: string[] }> = {
  domain: {
    file: 'src/domain/item/row.ts',
    allowed: ["'zod'", "'@noble/hashes/sha2.js'", "'../people/roles.ts'", "'./stages.ts'"],
    refused: ["'../../audit/audit.ts'", "'../../config.ts'", "'node:crypto'", "'lodash'"],
  },
  campaigns: {
    file: 'src/campaigns/look.ts',
    allowed: [
      "'../commands/deliver-command.ts'",
      "'../threads/threads.ts'",
      "'@temporalio/client'",
    ],
    refused: ["'../api/app.ts'", "'../activities/index.ts'", "'hono'", "'drizzle-orm'"],
  },
  workflows: {
    file: 'src/workflows/content-item.ts',
    allowed: ["'@temporalio/workflow'", "'../domain/ids.ts'", "'./messages.ts'"],
    refused: ["'../activities/index.ts'", "'../db/client.ts'", "'zod'", "'@temporalio/client'"],
  },
  activities: {
    file: 'src/activities/publishing/publishing.ts',
    allowed: ["'@temporalio/activity'", "'../../db/client.ts'", "'../../channels/registry.ts'"],
    refused: ["'../../workflows/messages.ts'", "'../../api/app.ts'", "'@temporalio/workflow'"],
  },
  channels: {
    file: 'src/channels/mastodon/adapter.ts',
    allowed: ["'../../domain/channel/channels.ts'", "'../channel.ts'", "'zod'"],
    refused: ["'../../db/client.ts'", "'../../metrics/registry.ts'", "'@temporalio/activity'"],
  },
  metrics: {
    file: 'src/metrics/sandbox.ts',
    allowed: ["'../domain/kpi/measures.ts'", "'../http/http-client.ts'"],
    refused: ["'../db/client.ts'", "'../channels/registry.ts'", "'pg'"],
  },
  'sandbox-network': {
    file: 'src/sandbox-network/server.ts',
    allowed: ["'../channels/sandbox/protocol.ts'", "'node:http'"],
    refused: ["'../db/client.ts'", "'../activities/index.ts'", "'../channels/registry.ts'"],
  },
  db: {
    file: 'src/db/item/items.ts',
    allowed: ["'../../domain/item/stages.ts'", "'drizzle-orm/pg-core'", "'../audit/rows.ts'"],
    refused: ["'../../audit/audit.ts'", "'../../api/app.ts'", "'@temporalio/client'", "'hono'"],
  },
  slots: {
    file: 'src/slots/spacing.ts',
    allowed: ["'../db/client.ts'", "'../time/zoned-time.ts'"],
    refused: ["'../commands/queue/drainer.ts'", "'hono'"],
  },
  engine: {
    file: 'src/engine/workers.ts',
    allowed: ["'@temporalio/client'"],
    refused: ["'../db/client.ts'", "'../audit/audit.ts'", "'hono'"],
  },
  health: {
    file: 'src/health/figures.ts',
    allowed: ["'../db/client.ts'", "'prom-client'", "'@opentelemetry/api'"],
    refused: ["'../api/app.ts'", "'../activities/index.ts'", "'hono'"],
  },
  links: {
    file: 'src/links/redirector.ts',
    allowed: ["'../db/client.ts'", "'isbot'"],
    refused: ["'../api/app.ts'", "'../activities/index.ts'", "'hono'"],
  },
  retention: {
    file: 'src/retention/tidy.ts',
    allowed: ["'../db/client.ts'"],
    refused: ["'../api/app.ts'", "'../activities/index.ts'", "'@temporalio/client'"],
  },
  releases: {
    file: 'src/releases/move-items.ts',
    allowed: ["'../engine/ask.ts'", "'../domain/task-queues.ts'", "'@temporalio/client'"],
    refused: ["'../db/client.ts'", "'../commands/queue/drainer.ts'", "'hono'"],
  },
  commands: {
    file: 'src/commands/send-command.ts',
    allowed: ["'../workflows/messages.ts'", "'../db/client.ts'", "'@temporalio/client'"],
    refused: ["'../workflows/content-item.ts'", "'../api/app.ts'", "'hono'"],
  },
  audit: {
    file: 'src/audit/audit.ts',
    allowed: ["'../commands/queue/drainer.ts'", "'../db/audit/rows.ts'"],
    refused: ["'../api/app.ts'", "'../activities/index.ts'", "'@temporalio/worker'"],
  },
  evidence: {
    file: 'src/evidence/audit-pack.ts',
    allowed: ["'../db/client.ts'", "'../audit/audit.ts'", "'fflate'"],
    refused: ["'../api/app.ts'", "'../activities/index.ts'", "'hono'"],
  },
  telling: {
    file: 'src/telling/notice-sender.ts',
    allowed: ["'../db/client.ts'", "'../http/http-client.ts'", "'nodemailer'"],
    refused: ["'../api/app.ts'", "'../channels/registry.ts'", "'@temporalio/client'"],
  },
  api: {
    file: 'src/api/routes/item/items.ts',
    allowed: ["'../../../commands/queue/drainer.ts'", "'../../gates/errors.ts'", "'hono/route'"],
    refused: [
      "'../../../workflows/content-item.ts'",
      "'../../../channels/registry.ts'",
      "'@temporalio/worker'",
    ],
  },
  client: {
    file: 'src/client/items.ts',
    allowed: ["'../domain/item/stages.ts'", "'hono/client'"],
    refused: ["'../api/app.ts'", "'../db/client.ts'", "'@temporalio/client'"],
  },
  cli: {
    file: 'src/cli/main.ts',
    allowed: ["'../client/index.ts'", "'commander'"],
    refused: ["'../db/client.ts'", "'pg'", "'../api/gates/errors.ts'"],
  },
  config: {
    file: 'src/config/variables.ts',
    allowed: ["'zod'", "'node:crypto'"],
    refused: ["'../db/client.ts'", "'../domain/ids.ts'"],
  },
  threads: {
    file: 'src/threads/threads.ts',
    allowed: ["'piscina'", "'./turnstile.ts'"],
    refused: ["'../db/client.ts'", "'../domain/item/content/digests.ts'"],
  },
  time: {
    file: 'src/time/zoned-time.ts',
    allowed: ["'temporal-polyfill'", "'../domain/instant.ts'"],
    refused: ["'../db/client.ts'", "'node:fs'"],
  },
  http: {
    file: 'src/http/http-client.ts',
    allowed: ["'undici'", "'node:net'"],
    refused: ["'../db/client.ts'", "'pg'"],
  },
  credentials: {
    file: 'src/credentials/secret-box.ts',
    allowed: ["'node:crypto'"],
    refused: ["'../db/client.ts'", "'pg'"],
  },
  assets: {
    file: 'src/assets/asset-store.ts',
    allowed: ["'file-type'", "'node:fs'"],
    refused: ["'../db/client.ts'", "'hono'"],
  },
};

const root = dirname(dirname(import.meta.dirname));
const sources = globSync('src/**/*.ts', { cwd: root }).map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8'),
}));

const statement = (module: string) => `import { name } from ${module};\n`;

describe('import rules', () => {
  it('have a case for every layer', () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(LAYERS).sort());
  });

  it.each(
    Object.entries(cases).flatMap(([folder, { file, refused }]) =>
      refused.map((module) => [folder, module, file] as const),
    ),
  )('src/%s may not import %s, and the message names the place', (folder, module, file) => {
    const place = LAYERS[folder]?.place ?? '';
    expect(brokenImportRules({ file, text: `\n${statement(module)}` })).toEqual([
      `${file}:2: src/${folder} may not import ${module}. ${place}`,
    ]);
  });

  it.each(Object.entries(cases))('src/%s may import what it needs', (_, { file, allowed }) => {
    expect(brokenImportRules({ file, text: allowed.map(statement).join('') })).toEqual([]);
  });

  it.each([
    ['src/workflows/item-run.ts', '../activities/index.ts'],
    ['src/client/items.ts', '../api/app.ts'],
  ])('%s may take types of %s', (file, module) => {
    expect(brokenImportRules({ file, text: `import type { Name } from '${module}';` })).toEqual([]);
    expect(
      brokenImportRules({ file, text: `import { type Name } from '${module}';` }),
    ).toHaveLength(1);
  });

  it.each([
    ['over several lines', "import {\n  one,\n  two,\n} from '../db/client.ts';"],
    ['for their effect', "import '../db/client.ts';"],
    ['again as exports', "export * from '../db/client.ts';"],
    ['while the program runs', "const db = await import('../db/client.ts');"],
  ])('sees imports %s', (_, text) => {
    expect(brokenImportRules({ file: 'src/http/http-client.ts', text })).toHaveLength(1);
  });

  it('ask for a row for a new folder', () => {
    expect(brokenImportRules({ file: 'src/nowhere/mail.ts', text: '' })[0]).toContain('has no row');
  });

  it('leave tests and programs alone', () => {
    const text = statement("'../db/client.ts'");
    expect(brokenImportRules({ file: 'src/http/http-client.test.ts', text })).toEqual([]);
    expect(brokenImportRules({ file: 'src/api/server.ts', text })).toEqual([]);
  });

  it('allow nothing that no source imports', () => {
    expect(unusedPermissions(sources)).toEqual([]);
  });

  it('tell of every permission that is left over', () => {
    const withoutHttp = sources.filter(({ file }) => !file.startsWith('src/http/'));
    expect(unusedPermissions(withoutHttp)).toEqual(
      ['health/span.ts', 'node', 'undici', 'ipaddr.js', 'zod', '@opentelemetry/api'].map(
        (name) => `scripts/imports/layers.ts: src/http imports nothing of '${name}': remove it.`,
      ),
    );
    const typeless = sources.map(({ file, text }) => ({
      file,
      text: file.startsWith('src/client/') ? text.replaceAll('import type', 'import') : text,
    }));
    expect(unusedPermissions(typeless)).toEqual([
      "scripts/imports/layers.ts: src/client imports nothing of 'api/app.ts': remove it.",
    ]);
  });
});
