/**
 * `outbound-probe.ts <port> <file> [own]`: sends every way out of Baton inside, and writes what was let
 * through. With `own` only to this machine: without the guard the others would really be asked.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ChannelAccount, PublishRequest } from '../../../src/channels/channel.ts';
import { createChannelRegistry } from '../../../src/channels/registry.ts';
import type { ResolvedAddress } from '../../../src/http/address-guard.ts';
import { createGuardedFetch, RequestFailed } from '../../../src/http/guarded-fetch.ts';
import { createHttpClient, type HttpClient } from '../../../src/http/http-client.ts';
import {
  INTERNAL_HOSTS,
  INTERNAL_NAMES,
  UNUSUAL_ADDRESSES,
} from '../requests/internal-addresses.ts';

const PATIENCE_MS = 5_000;

const [port = '', file = '', reach = 'all'] = process.argv.slice(2);
const through: string[] = [];
const asked: Record<string, number> = {};

/** What a name leads to; one that is rebound leads elsewhere each time. */
let resolutions = 0;
async function resolve(hostname: string): Promise<readonly ResolvedAddress[]> {
  const name = INTERNAL_NAMES.find((one) => one.name === hostname);
  if (name === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  resolutions += 1;
  const answers = name.answers;
  const answer = answers[Math.min(resolutions, answers.length) - 1] ?? [];
  return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

const redirector = createServer((request, response) => {
  const to = new URL(request.url ?? '/', 'http://x').searchParams.get('to') ?? inside;
  response.writeHead(Number(request.headers['x-status'] ?? 302), { location: to });
  response.end();
});
const inside = `https://127.0.0.1:${port}/`;
redirector.listen(0, '127.0.0.1');
await once(redirector, 'listening');
const origin = `http://127.0.0.1:${(redirector.address() as AddressInfo).port}`;

const http = createHttpClient({
  // As a deployment that allows one origin of its own.
  allowedOrigins: [origin],
  allowedPorts: [443, 8443, Number(port)],
  timeoutMs: PATIENCE_MS,
  connectTimeoutMs: 1_000,
  resolve,
});

const channels = createChannelRegistry({ http, sandboxUrl: null });

type Path = (url: string) => Promise<string>;

const PATHS: Readonly<Record<string, Path>> = {
  request: (url) => plainly(http, url),
  'guarded fetch': async (url) =>
    createGuardedFetch(http)(url).then(
      ({ status }) => `answered ${status}`,
      (error: unknown) => (error instanceof RequestFailed ? error.outcome.code : `threw ${error}`),
    ),
  'mastodon publish': (url) => publish('mastodon', { server: originIn(url) }, MASTODON),
  'mastodon look-up': (url) => lookUp('mastodon', { server: originIn(url) }, MASTODON),
  'bluesky publish': (url) =>
    publish('bluesky', { service: originIn(url), handle: 'a.b' }, BLUESKY),
  'bluesky look-up': (url) => lookUp('bluesky', { service: originIn(url), handle: 'a.b' }, BLUESKY),
  'webhook publish': (url) => publish('webhook', { url }, WEBHOOK),
  'webhook look-up': (url) => lookUp('webhook', { url, lookupUrl: url }, WEBHOOK),
};

const MASTODON = { accessToken: 'token' };
const BLUESKY = { appPassword: 'password' };
const WEBHOOK = { secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}` };

async function plainly(client: HttpClient, url: string): Promise<string> {
  const outcome = await client.request({ method: 'GET', url });
  return outcome.kind === 'response' ? `answered ${outcome.status}` : outcome.code;
}

/** The origin of an address as a person would write it: what is no URL stays as it is. */
function originIn(url: string): string {
  return /^[a-z]+:\/\/[^/]+/i.exec(url)?.[0] ?? url;
}

function postOf(
  settings: Record<string, unknown>,
  credentials: Record<string, unknown>,
): PublishRequest {
  const account: ChannelAccount = { id: 'cha_1', name: 'probe', settings, credentials };
  return {
    account,
    key: randomUUID(),
    marker: randomUUID(),
    dueAt: new Date().toISOString(),
    replyTo: null,
    content: { text: 'Hello', language: 'en' },
    signal: AbortSignal.timeout(PATIENCE_MS),
    writeBefore: performance.now() + PATIENCE_MS,
  };
}

type ProbedChannel = 'mastodon' | 'bluesky' | 'webhook';

async function publish(id: ProbedChannel, settings: object, credentials: object): Promise<string> {
  const request = postOf({ ...settings }, { ...credentials });
  return (await channels.get(id)?.publish(request))?.outcome ?? 'no channel';
}

async function lookUp(id: ProbedChannel, settings: object, credentials: object): Promise<string> {
  const request = postOf({ ...settings }, { ...credentials });
  return (await channels.get(id)?.lookup(request))?.outcome ?? 'no channel';
}

/** What a path may say of an address that leads inside. */
const ACCEPTED = /^(answered|published|found|absent)/;

async function tryAll(kind: string, url: string): Promise<void> {
  resolutions = 0;
  await Promise.all(
    Object.entries(PATHS).map(async ([path, send]) => {
      asked[kind] = (asked[kind] ?? 0) + 1;
      const said = await send(url).catch((error: unknown) => `threw ${error}`);
      if (ACCEPTED.test(said)) through.push(`${path} to ${url}: ${said}`);
    }),
  );
}

const own = reach === 'own';
const hosts = own ? INTERNAL_HOSTS.slice(0, INTERNAL_HOSTS.indexOf('10.0.0.1')) : INTERNAL_HOSTS;
const names = INTERNAL_NAMES.filter(({ name }) => !own || name.startsWith('loopback'));
for (const host of hosts) await tryAll('address', `https://${host}:${port}/`);
for (const url of UNUSUAL_ADDRESSES) await tryAll('form', url.replaceAll('PORT', port));
for (const { name } of names) await tryAll('name', `https://${name}:${port}/`);
for (const to of [
  inside,
  `http://127.0.0.1:${port}/`,
  'http://169.254.169.254/',
  'file:///etc/passwd',
]) {
  await tryAll('redirect', `${origin}/?to=${encodeURIComponent(to)}`);
}

const vectors = hosts.length + UNUSUAL_ADDRESSES.length + names.length + 4;
writeFileSync(file, JSON.stringify({ asked, vectors, let: through }));
redirector.close();
redirector.closeAllConnections();
