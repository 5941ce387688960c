import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  failAfterAccepting,
  failInstead,
  type MastodonFault,
  Refusal,
  sendJson,
} from './faults.ts';
import {
  type AcceptedMedia,
  type AcceptedStatus,
  type Account,
  APPLICATION,
  Network,
  newAccount,
} from './network.ts';
import {
  instanceEntity,
  parseStatus,
  renderHtml,
  STATED_LIMITS,
  type StatedLimits,
} from './rules.ts';

/** api/oauth-scopes: what publishing needs. */
const ALL_SCOPES = ['read:accounts', 'read:statuses', 'write:media', 'write:statuses'] as const;
type Scope = (typeof ALL_SCOPES)[number];

interface Token {
  account: Account;
  scopes: readonly Scope[];
}

export interface MastodonServerOptions {
  /** How long a key holds; null for software that ignores it. */
  keyWindowMs: number | null;
  limits?: Partial<StatedLimits>;
  now?: () => number;
  /** How often an upload is still "processing" when asked for (methods/media, 206). */
  processingPolls?: number;
  /** Uploads end as "could not be processed" when they are asked for (methods/media, 422). */
  processingFails?: boolean;
  /** False: `GET /api/v2/instance` fails. */
  statesLimits?: boolean;
}

export interface MastodonServer {
  origin: string;
  network: Network;
  /** Paths that were asked for, in order, with their method. */
  requests: string[];
  newAccount(scopes?: readonly Scope[]): Account & { token: string };
  /** Orders what happens to the next status of an account. */
  fail(account: Account, fault: MastodonFault, resetAt?: string): void;
  /** The next upload of an account is answered with 500 (methods/media). */
  failUpload(account: Account): void;
  close(): Promise<void>;
}

/**
 * A Mastodon server as strict as its documentation (mastodon/documentation: content/en/methods): fields,
 * types, scopes, limits. It keeps what it accepted as evidence, and misbehaves when it is told to.
 */
export async function startMastodonServer(options: MastodonServerOptions): Promise<MastodonServer> {
  const network = new Network({
    limits: { ...STATED_LIMITS, ...options.limits },
    keyWindowMs: options.keyWindowMs,
    now: options.now ?? Date.now,
  });
  const tokens = new Map<string, Token>();
  const faults = new Map<string, { fault: MastodonFault; resetAt: string }[]>();
  const failingUploads = new Set<string>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const status = error instanceof Refusal ? error.status : 500;
      sendJson(response, status, { error: error instanceof Error ? error.message : 'failed' });
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server');
    const route = `${request.method} ${url.pathname}`;
    requests.push(route);
    const body = await readBody(request);
    if (route === 'GET /api/v2/instance') {
      if (options.statesLimits === false) throw new Refusal(503, 'Down for maintenance');
      return sendJson(response, 200, instanceEntity(network.limits));
    }
    if (route === 'POST /api/v1/statuses') return postStatus(request, response, body);
    if (route === 'POST /api/v2/media') return uploadMedia(request, response, body);
    if (route === 'GET /api/v1/accounts/verify_credentials') {
      const { account } = authorize(request, 'read:accounts');
      return sendJson(response, 200, { id: account.id, username: account.name });
    }
    if (route === 'GET /api/v1/apps/verify_credentials') {
      authorize(request, null);
      return sendJson(response, 200, { name: APPLICATION, website: null });
    }
    const [, mediaId] = /^GET \/api\/v1\/media\/(\d+)$/.exec(route) ?? [];
    if (mediaId !== undefined) return showMedia(request, response, mediaId);
    const [, accountId] = /^GET \/api\/v1\/accounts\/(\d+)\/statuses$/.exec(route) ?? [];
    if (accountId !== undefined) {
      return listStatuses(request, response, { accountId, query: url.searchParams });
    }
    throw new Refusal(404, 'Record not found');
  }

  function authorize(request: IncomingMessage, scope: Scope | null): Token {
    const [, bearer = ''] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
    const token = tokens.get(bearer);
    if (!token) throw new Refusal(401, 'The access token is invalid');
    if (scope !== null && !token.scopes.includes(scope)) {
      throw new Refusal(403, 'This action is outside the authorized scopes');
    }
    return token;
  }

  async function postStatus(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
  ): Promise<void> {
    const { account } = authorize(request, 'write:statuses');
    requireType(request, 'application/json');
    const order = faults.get(account.id)?.shift();
    if (order) {
      const token = String(request.headers.authorization).slice('Bearer '.length);
      if (failInstead(order.fault, response, { token, resetAt: order.resetAt })) return;
    }
    const key = request.headers['idempotency-key'];
    const status = await network.post(
      account,
      parseStatus(body),
      typeof key === 'string' && key !== '' ? key : null,
    );
    if (order && failAfterAccepting(order.fault, response)) return;
    sendJson(response, 200, statusEntity(status, account));
  }

  async function uploadMedia(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
  ): Promise<void> {
    const { account } = authorize(request, 'write:media');
    requireType(request, 'multipart/form-data');
    if (failingUploads.delete(account.id)) {
      throw new Refusal(500, 'Error processing thumbnail for uploaded media');
    }
    const headers = { 'content-type': request.headers['content-type'] ?? '' };
    const form = await new Response(new Uint8Array(body), { headers }).formData();
    const unknown = [...form.keys()].find(
      (name) => !['file', 'description', 'focus'].includes(name),
    );
    if (unknown !== undefined) throw new Refusal(422, `Validation failed: ${unknown} is unknown`);
    const file = form.get('file');
    const description = form.get('description');
    if (!(file instanceof File)) throw new Refusal(422, "Validation failed: File can't be blank");
    const polls = options.processingPolls ?? 0;
    const media = network.upload(account, {
      bytes: Buffer.from(await file.arrayBuffer()),
      mediaType: file.type,
      description: typeof description === 'string' ? description : null,
      polls,
    });
    sendJson(response, polls > 0 ? 202 : 200, mediaEntity(media));
  }

  function showMedia(request: IncomingMessage, response: ServerResponse, id: string): void {
    const { account } = authorize(request, 'write:media');
    const media = network.media.find((known) => known.id === id && known.accountId === account.id);
    if (!media || media.statusId !== null) throw new Refusal(404, 'Record not found');
    if (options.processingFails) {
      throw new Refusal(422, 'Error processing thumbnail for uploaded media');
    }
    const status = media.pollsLeft > 0 ? 206 : 200;
    sendJson(response, status, mediaEntity(media));
    media.pollsLeft = Math.max(0, media.pollsLeft - 1);
  }

  /** methods/accounts "Get account’s statuses", api/guidelines "Pagination through the Link header". */
  function listStatuses(
    request: IncomingMessage,
    response: ServerResponse,
    { accountId, query }: { accountId: string; query: URLSearchParams },
  ): void {
    const { account } = authorize(request, 'read:statuses');
    if (account.id !== accountId) throw new Refusal(404, 'Record not found');
    const known = ['limit', 'max_id', 'min_id', 'exclude_reblogs'];
    const unknown = [...query.keys()].find((name) => !known.includes(name));
    if (unknown !== undefined) throw new Refusal(422, `${unknown} is unknown`);
    const limit = Math.min(40, Number(query.get('limit') ?? 20));
    const maxId = query.get('max_id');
    const minId = query.get('min_id');
    const page = network
      .of(accountId)
      .filter(({ id }) => maxId === null || BigInt(id) < BigInt(maxId))
      .filter(({ id }) => minId === null || BigInt(id) > BigInt(minId))
      .filter(({ reblog }) => query.get('exclude_reblogs') !== 'true' || !reblog)
      .toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
    // The ones next to `min_id`, or the newest ones; newest first either way.
    const shown = (minId === null ? page.slice(-limit) : page.slice(0, limit)).toReversed();
    const last = shown.at(-1)?.id;
    const next = new URLSearchParams(query);
    next.delete('min_id');
    next.set('max_id', last ?? '');
    const path = `/api/v1/accounts/${accountId}/statuses?${next}`;
    const link = last ? { link: `<http://${request.headers.host}${path}>; rel="next"` } : {};
    const entities = shown.map((status) => statusEntity(status, account));
    sendJson(response, 200, entities, link);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    network,
    requests,
    newAccount(scopes = ALL_SCOPES) {
      const account = newAccount('boulangerie');
      const token = randomBytes(24).toString('base64url');
      tokens.set(token, { account, scopes });
      return { ...account, token };
    },
    fail: (account, fault, resetAt = new Date(Date.now() + 90_000).toISOString()) =>
      void faults.set(account.id, [...(faults.get(account.id) ?? []), { fault, resetAt }]),
    failUpload: (account) => void failingUploads.add(account.id),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function statusEntity(status: AcceptedStatus, account: Account): unknown {
  const { params } = status;
  return {
    id: status.id,
    created_at: new Date(status.createdAt).toISOString(),
    in_reply_to_id: params.in_reply_to_id ?? null,
    sensitive: params.sensitive ?? false,
    spoiler_text: params.spoiler_text ?? '',
    visibility: params.visibility ?? 'public',
    language: params.language ?? null,
    url: `https://mastodon.example/@${account.name}/${status.id}`,
    content: renderHtml(params.status ?? ''),
    edited_at: status.editedAt,
    reblog: null,
    application: { name: status.application, website: null },
    account: { id: account.id, username: account.name },
  };
}

function mediaEntity({ id, mediaType, description, pollsLeft }: AcceptedMedia): unknown {
  const url = pollsLeft > 0 ? null : `https://files.mastodon.example/${id}`;
  return { id, type: mediaType.split('/')[0], url, description };
}

function requireType(request: IncomingMessage, wanted: string): void {
  const [type] = (request.headers['content-type'] ?? '').split(';');
  if (type !== wanted) throw new Refusal(415, `Expected ${wanted}`);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
