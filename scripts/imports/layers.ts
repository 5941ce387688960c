/** What the source files of one folder below `src` may import. Anything not named is refused. */
export interface Layer {
  /** Other folders of `src`, or single files. Its own folder is always allowed. */
  folders: readonly string[];
  /** Folders or files of which it may import types only. */
  types?: readonly string[];
  /** Packages, by name; `node` stands for every module of Node.js. */
  packages: readonly string[];
  /** Where that belongs which is refused here: the end of every message. */
  place: string;
}

const SERVES_OTHERS = 'This folder serves the others: take what you need as an argument.';
const ONLY_DOOR =
  'The typed client in src/client is the only door to Baton: use it, or add the route in src/api/routes.';

/**
 * The layers, a row for every folder of `src`. Tests, shared test suites and the programs in
 * `PROGRAMS` may import everything.
 */
export const LAYERS: Readonly<Record<string, Layer>> = {
  domain: {
    folders: [],
    packages: ['zod', 'xstate', '@noble/hashes', 'canonicalize', 'tlds'],
    place:
      'The domain is pure and runs in workflows and browsers: take clock, randomness and rows as arguments; effects belong in src/activities, rows in src/db.',
  },
  workflows: {
    folders: ['domain'],
    types: ['activities'],
    packages: ['@temporalio/workflow'],
    place:
      'Workflow code is deterministic: effects belong in src/activities, rules in src/domain; zod stays out of the bundle.',
  },
  activities: {
    folders: [
      'domain',
      'channels',
      'metrics',
      'db',
      'time',
      'slots',
      'assets',
      'audit',
      'campaigns',
      'credentials',
      'engine',
      'evidence',
      'http',
      'retention',
      'telling',
      'threads',
    ],
    types: ['health'],
    packages: ['node', '@temporalio/activity', '@temporalio/common', '@temporalio/client'],
    place:
      'An activity is one effect: what a workflow shares with it belongs in src/domain, wiring in worker.ts.',
  },
  channels: {
    folders: ['domain', 'http'],
    packages: [
      'node',
      'zod',
      '@atproto/api',
      '@atproto/xrpc',
      'standardwebhooks',
      'image-dimensions',
    ],
    place:
      'A channel adapter knows its network and nothing else: rows and retries belong in src/activities/publishing, the engine in src/workflows.',
  },
  metrics: {
    folders: [
      'domain',
      'http',
      'channels/channel-sessions.ts',
      // What reads the posts of an account has the account's own connection.
      'channels/bluesky',
      'channels/mastodon',
      // Some sources count by the day of a zone.
      'time/local-day.ts',
    ],
    types: ['channels'],
    packages: ['node', 'jose', 'zod'],
    place:
      'A readings source knows its network and nothing else: rows and retries belong in src/activities/measuring.ts.',
  },
  'sandbox-network': {
    folders: [
      'channels/sandbox/protocol.ts',
      'channels/sandbox/key-rule.ts',
      'metrics/sandbox-protocol.ts',
    ],
    types: ['channels/channel.ts'],
    packages: ['node', 'zod'],
    place: 'The sandbox network is a program of its own: it shares only the protocol with Baton.',
  },
  db: {
    folders: ['domain'],
    packages: ['node', 'pg', 'drizzle-orm', 'ulid', 'zod'],
    place:
      'The database layer knows rows: who needs rows calls it. The engine belongs in src/commands and src/activities, HTTP in src/api.',
  },
  slots: {
    folders: ['domain', 'db', 'time'],
    packages: [],
    place:
      'Slots join rows and zones for the API and the activities: take anything else as an argument.',
  },
  engine: {
    folders: ['credentials', 'domain/visibility', 'domain/task-queues.ts', 'health/span.ts'],
    packages: ['node', '@temporalio/client', '@temporalio/common', '@opentelemetry/api'],
    place:
      'Every call of the engine has its deadline here: rows belong in src/db, findings in src/audit.',
  },
  releases: {
    folders: ['domain', 'engine', 'workflows/messages.ts'],
    packages: ['node', '@temporalio/client', '@temporalio/common'],
    place:
      'A release is known to the engine alone: calls of the engine belong in src/engine, what people see in src/cli.',
  },
  retention: {
    folders: ['db'],
    types: ['assets'],
    packages: [],
    place:
      'Retention says what is kept for how long: rows are tidied in src/db/tidy, files in src/assets.',
  },
  health: {
    folders: ['db', 'threads'],
    packages: [
      'node',
      'prom-client',
      '@opentelemetry/api',
      '@opentelemetry/context-async-hooks',
      '@opentelemetry/core',
      '@opentelemetry/exporter-trace-otlp-http',
      '@opentelemetry/resources',
      '@opentelemetry/sdk-trace',
    ],
    place:
      'Health counts and traces what others do: they call it. Rows are counted in src/db/audit, routes are in src/api.',
  },
  commands: {
    folders: [
      'domain',
      'db',
      'time',
      'slots',
      'engine',
      'health/span.ts',
      'threads',
      'workflows/messages.ts',
    ],
    packages: ['node', '@temporalio/client', '@temporalio/common'],
    place:
      'A command reaches a run through src/workflows/messages.ts: HTTP belongs in src/api, effects in src/activities.',
  },
  campaigns: {
    folders: ['domain', 'db', 'engine', 'commands', 'threads', 'time'],
    packages: ['@temporalio/client'],
    place:
      'A campaign asks its items through commands and signals: HTTP belongs in src/api, rules in src/domain/campaign.',
  },
  audit: {
    folders: ['domain', 'db', 'slots', 'engine', 'commands', 'threads', 'workflows/messages.ts'],
    packages: ['node', '@temporalio/client', '@temporalio/common'],
    place:
      'The audit reads rows and asks the engine: HTTP belongs in src/api, effects in src/activities.',
  },
  evidence: {
    folders: ['domain', 'db', 'engine', 'audit', 'threads', 'workflows/messages.ts'],
    packages: ['node', 'fflate', 'zod', '@temporalio/client', '@temporalio/common'],
    place:
      'Evidence is packed and verified here: rows belong in src/db, effects of a run in src/activities, HTTP in src/api.',
  },
  telling: {
    folders: ['domain', 'db', 'http', 'credentials', 'time'],
    packages: ['node', 'nodemailer', 'standardwebhooks'],
    place:
      'Telling carries what happened to people and programs: HTTP routes belong in src/api, the engine in src/workflows.',
  },
  api: {
    folders: [
      'domain',
      'db',
      'commands',
      'campaigns',
      'audit',
      'evidence',
      'engine',
      'time',
      'slots',
      'assets',
      'credentials',
      'health',
      'http',
      'links',
      'threads',
      'config.ts',
      'workflows/messages.ts',
    ],
    types: ['metrics', 'telling/slack-replies.ts'],
    packages: [
      'node',
      'hono',
      '@hono/node-server',
      '@hono/zod-openapi',
      '@opentelemetry/api',
      '@temporalio/client',
      'diff',
      'ical-generator',
      'ipaddr.js',
      'rate-limiter-flexible',
      'temporal-polyfill',
      'ulid',
      'zod',
    ],
    place:
      'The API reaches runs through src/commands and src/workflows/messages.ts; effects belong in src/activities and worker.ts.',
  },
  links: {
    folders: ['domain', 'db', 'threads'],
    packages: ['node', 'isbot'],
    place:
      'Short links are answered and counted here: HTTP belongs in src/api, what a link becomes in src/domain/links.',
  },
  client: {
    folders: ['domain'],
    types: ['api/app.ts'],
    packages: ['hono', 'standardwebhooks'],
    place: `${ONLY_DOOR} Of the app it may take the type only.`,
  },
  cli: {
    folders: ['client'],
    packages: ['node', 'commander', 'string-width', 'wrap-ansi', 'zod'],
    place: ONLY_DOOR,
  },
  config: {
    folders: ['domain/task-queues.ts', 'evidence/checkpoint.ts'],
    packages: ['node', 'zod', '@temporalio/envconfig'],
    place: 'Only src/config.ts reads the environment: programs get their settings from it.',
  },
  threads: {
    folders: [],
    packages: ['piscina'],
    place: `${SERVES_OTHERS} What runs in a thread stays where its subject is.`,
  },
  time: {
    folders: ['domain'],
    packages: ['temporal-polyfill', 'date-holidays'],
    place: SERVES_OTHERS,
  },
  http: {
    folders: ['health/span.ts'],
    packages: ['node', 'undici', 'ipaddr.js', 'zod', '@opentelemetry/api'],
    place: SERVES_OTHERS,
  },
  credentials: { folders: [], packages: ['node', 'zod'], place: SERVES_OTHERS },
  assets: { folders: ['domain'], packages: ['node', 'file-type'], place: SERVES_OTHERS },
};

/** Entry files that wire the layers together. */
export const PROGRAMS: readonly string[] = ['src/api/server.ts'];
