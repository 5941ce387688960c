import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppType, createApp } from '../../src/api/app.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { createEngine } from '../../src/api/engine.ts';
import { createHttpServer } from '../../src/api/http-server.ts';
import { createReadiness } from '../../src/api/readiness.ts';
import { createRepairRequests } from '../../src/api/repair-requests.ts';
import { openAssetStore } from '../../src/assets/asset-store.ts';
import { createAudit } from '../../src/audit/audit.ts';
import { accountFormOf } from '../../src/channels/registry.ts';
import { createTimeTravel } from '../../src/commands/time-travel.ts';
import { createSecretBox, type SecretBox } from '../../src/credentials/secret-box.ts';
import type { Db } from '../../src/db/client.ts';
import { createAuditPacks } from '../../src/evidence/audit-pack.ts';
import { createMeters } from '../../src/health/meters.ts';
import { createHttpClient } from '../../src/http/http-client.ts';
import { createRedirector } from '../../src/links/redirector.ts';
import { metricSourceKinds } from '../../src/metrics/registry.ts';

/** The API as a server of its own on a free port, over the given dependencies. */
export interface TestApi {
  app: AppType;
  url: string;
  secrets: SecretBox;
  /** Fields of every line that was logged. */
  logged: { fields: object; message: string }[];
  /** Calls as the holder of a key; `null` sends none. */
  call(key: string | null, method: string, path: string, options?: CallOptions): Promise<Reply>;
  close(): Promise<void>;
}

export interface CallOptions {
  /** Sent as JSON, unless it is a text or bytes: those are sent as they are. */
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** The body of JSON answers. */
  json: Json;
}

/** Any JSON: tests look into answers without their types. */
// biome-ignore lint/suspicious/noExplicitAny: a test states what it expects of a field by its value
export type Json = any;

type Given = Pick<ApiDeps, 'db' | 'sender'> & {
  temporal: Parameters<typeof createEngine>[0]['temporal'];
  taskQueue: string;
};

/** @param change dependencies or settings that a test wants otherwise. */
export async function openApi(
  { db, sender, temporal, taskQueue }: Given,
  change: Partial<Omit<ApiDeps, 'settings'>> & { settings?: Partial<ApiDeps['settings']> } = {},
): Promise<TestApi> {
  const directory = mkdtempSync(join(tmpdir(), 'baton assets-'));
  const key = { id: 'testtest', bytes: randomBytes(32) };
  const secrets = createSecretBox({ current: key, all: [key] });
  const logged: TestApi['logged'] = [];
  const write = (fields: object, message: string) => void logged.push({ fields, message });
  const log = { info: write, warn: write, error: write };
  const engine = createEngine({ temporal, taskQueue, log });
  const { settings, ...deps } = change;
  const { metricSources = metricSourceKinds({ http: createHttpClient(), sandboxUrl: null }) } =
    change;
  const requests = createRepairRequests({ db, secrets, accountFormOf, metricSources, engine });
  const app = createApp({
    db,
    sender,
    engine,
    secrets,
    accountFormOf,
    log,
    audit: createAudit({ db, temporal, taskQueue, log, sender, requests }),
    packs: createAuditPacks({ db, temporal }),
    readiness: createReadiness({ db, engine, isStopping: () => false }),
    meters: createMeters(),
    assets: await openAssetStore({ directory, now: Date.now() }),
    metricSources,
    redirector: createRedirector({ db, log }),
    slackReply: async () => 'sent',
    timeTravel: createTimeTravel({ db, temporal }),
    ...deps,
    settings: {
      rateLimitPerSecond: 100_000,
      workspaceRateLimitPerSecond: 500_000,
      quotas: {
        openItems: 1_000_000,
        storageBytes: 1_000_000_000_000,
        apiKeys: 100_000,
        webhookEndpoints: 100_000,
      },
      local: true,
      behindTlsProxy: false,
      publicUrl: null,
      allowedOrigins: [],
      instance: null,
      metricsKey: null,
      limits: {
        bodyBytes: 256 * 1024,
        uploadBytes: 1024 * 1024,
        importBytes: 512 * 1024,
        exportFileBytes: 2 * 1024 * 1024,
      },
      ...settings,
    },
  });
  const server = createHttpServer(app, log);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Listening on an address, not on a pipe.
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    app,
    url,
    secrets,
    logged,
    call: (holder, method, path, options) => call(url, holder, method, path, options),
    async close() {
      server.close();
      server.closeAllConnections();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function call(
  url: string,
  key: string | null,
  method: string,
  path: string,
  { body, headers = {} }: CallOptions = {},
): Promise<Reply> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const sent = new Headers(headers);
  if (key !== null) sent.set('authorization', `Bearer ${key}`);
  if (body !== undefined && !raw && !sent.has('content-type')) {
    sent.set('content-type', 'application/json');
  }
  const response = await fetch(url + path, {
    method,
    headers: sent,
    ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : null,
  };
}

/** Rows that a request must not have changed. */
export async function countRows(db: Db, table: string): Promise<number> {
  const { rows } = await db.$client.query(`select count(*)::int as count from ${table}`);
  return rows[0].count;
}
