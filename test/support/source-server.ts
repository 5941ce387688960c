import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { createHttpClient } from '../../src/http/http-client.ts';
import type {
  CollectRequest,
  ReadingsSource,
  SourceReply,
} from '../../src/metrics/readings-source.ts';
import { createSourceRegistry, metricSourceKinds } from '../../src/metrics/registry.ts';
import type { CheckReply } from '../../src/metrics/source-kind.ts';

/** Every kind of the registry. */
export function sourceKinds() {
  return metricSourceKinds({ http: createHttpClient(), sandboxUrl: null }).kinds;
}

const Ready = z.object({ url: z.url() });

/** What the next request is answered instead. */
export interface SourceFault {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  reset?: true;
}

/** A fake source as a process of its own. */
export interface SourceServer {
  url: string;
  /** What it holds from now on; what was asked before is forgotten. */
  hold(state: object): Promise<void>;
  fail(...faults: SourceFault[]): Promise<void>;
  asked(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startSourceServer(
  name: 'bluesky' | 'goatcounter' | 'google' | 'mastodon' | 'matomo' | 'plausible' | 'umami',
): Promise<SourceServer> {
  const script = join(import.meta.dirname, 'source-servers', `${name}.mjs`);
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { url } = Ready.parse(JSON.parse(String(line)));
  const put = async (path: string, body: unknown) => {
    await fetch(`${url}${path}`, { method: 'PUT', body: JSON.stringify(body) });
  };
  return {
    url,
    hold: (state) => put('/state', state),
    fail: (...faults) => put('/faults', faults),
    asked: async () => z.array(z.string()).parse(await (await fetch(`${url}/asked`)).json()),
    async stop() {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}

/** A source whose requests are counted, and held back when the test says so. */
export interface OpenedSource extends ReadingsSource {
  /** Those that it made or wanted to make through the client it was given. */
  requests(): number;
  /** From now on its limit is used up for so long. */
  holdBack(ms: number): void;
}

/** A source of this kind, as the registry opens it. */
export function openSource(
  id: string,
  {
    url,
    config,
    secret,
    zone = 'UTC',
  }: { url: string; config: unknown; secret: unknown; zone?: string },
  kinds = sourceKinds(),
): OpenedSource {
  const kind = kinds.find((one) => one.id === id);
  if (kind === undefined) throw new Error(`no kind ${id}`);
  const http = createHttpClient({ allowedOrigins: [url] });
  let requests = 0;
  let heldBackMs = 0;
  const take = async () => {
    requests += 1;
    return heldBackMs;
  };
  const source = createSourceRegistry({ http, sandboxUrl: null }).open({
    kind,
    config,
    secret,
    zone,
    ownerId: 'cha_1',
    budget: { take },
  });
  if (typeof source === 'string') throw new Error(source);
  return {
    ...source,
    requests: () => requests,
    holdBack(ms) {
      heldBackMs = ms;
    },
  };
}

/** Whether a connection of this kind is good, as the API asks. */
export function checkConnection(
  id: string,
  { url, config, secret }: { url: string; config: unknown; secret: unknown },
): Promise<CheckReply> {
  const http = createHttpClient({ allowedOrigins: [url] });
  const { kindOf, check } = metricSourceKinds({ http, sandboxUrl: null });
  const kind = kindOf(id);
  if (kind === null) throw new Error(`no kind ${id}`);
  return check(kind, { config, secret });
}

/** A publication of a channel that is asked for a day after it went out. */
export function questionFor(
  channel: CollectRequest['publication']['channel'],
  change: Partial<CollectRequest['publication']> = {},
): CollectRequest {
  return {
    publication: {
      id: 'pub_1',
      channel,
      marker: 'mark-1',
      remoteId: 'remote-1',
      url: null,
      publishedAt: '2026-03-02T08:00:00.000Z',
      accountRef: 'studio',
      ...change,
    },
    page: null,
    checkpoint: '+24h',
    at: '2026-03-03T08:00:05.000Z',
  };
}

/** The values of an answer, and what it had no row of. */
export function valuesOf(reply: SourceReply) {
  if ('unavailable' in reply) throw new Error(reply.unavailable);
  const values = Object.fromEntries(reply.readings.map(({ measure, value }) => [measure, value]));
  return { ...values, empty: reply.empty, notAvailable: reply.notAvailable };
}
