import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import ipaddr from 'ipaddr.js';
import { authenticateForCommand } from '../../db/item/command-context.ts';
import { type Authenticated, authenticateApiKey } from '../../db/workspace/api-keys.ts';
import { inWorkspace } from '../../db/workspace-scope.ts';
import { createTurnstile, type Turnstile } from '../../threads/turnstile.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiContext, ApiEnv } from './context.ts';
import { routeOf } from './context.ts';
import { ApiError } from './errors.ts';
import { commandIdFor } from './idempotency.ts';
import {
  type Allowance,
  createRateLimiter,
  type RateLimiter,
  rateLimitHeaders,
} from './rate-limit.ts';
import { createSharedLimiter, type SharedLimiter } from './shared-limit.ts';

/** Everything that answers without a key. Whatever is not in this list needs one. */
export const PUBLIC_ROUTES: ReadonlySet<string> = new Set([
  'GET /healthz',
  'GET /readyz',
  'GET /openapi.json',
  'GET /docs',
  'GET /docs/swagger-ui.css',
  'GET /docs/swagger-ui-bundle.js',
  // Its signature is its credential.
  'POST /v1/webhooks/:endpointId',
  // So is the secret in its address.
  'GET /v1/calendar.ics',
  'GET /approve/:token',
  'GET /approve/:token/files/:hash',
  'POST /approve/:token',
  // What leads to a page that a post names already.
  'GET /r/:code',
]);

/** Asked by machines, often, and answered from memory. */
const UNLIMITED_ROUTES: ReadonlySet<string> = new Set(['GET /healthz', 'GET /readyz']);

/** Their signature, or the secret in their address, is a credential. */
const PROVING_ROUTES: ReadonlySet<string> = new Set([
  'POST /v1/webhooks/:endpointId',
  'GET /v1/calendar.ics',
  'GET /approve/:token',
  'GET /approve/:token/files/:hash',
  'POST /approve/:token',
]);

/** Who may ask how often. */
export interface Limits {
  /** By API key, webhook endpoint or calendar feed, over all processes. */
  callers: SharedLimiter;
  /** By what the credentials are of. */
  workspaces: SharedLimiter;
  /** By address, for whoever has not proven a credential. Of this process: a stranger writes no row. */
  strangers: RateLimiter;
  /** Credentials of one address that are looked up at the same time. */
  proofs: Turnstile;
}

/** A credential is always looked up, whatever its address sends besides; so many at a time. */
const PROOFS_AT_ONCE = 4;
const PROOF_WITHIN_MS = 3_000;

export function createLimits({ db, settings }: Pick<ApiDeps, 'db' | 'settings'>): Limits {
  const { rateLimitPerSecond: perSecond, workspaceRateLimitPerSecond } = settings;
  return {
    callers: createSharedLimiter(db, { name: 'caller', perSecond }),
    workspaces: createSharedLimiter(db, { name: 'of', perSecond: workspaceRateLimitPerSecond }),
    strangers: createRateLimiter(perSecond),
    proofs: createTurnstile(PROOFS_AT_ONCE),
  };
}

/** A credential, and what it is of. */
interface Subject {
  id: string;
  workspaceId: string;
}

/**
 * Judges who has proven a credential by the limits of that and of its workspace.
 * @throws ApiError `rate_limited`
 */
export async function admitCaller(
  limits: Limits,
  { id, workspaceId }: Subject,
): Promise<Allowance> {
  const own = await limits.callers.take(id);
  refuseWhen(own);
  const shared = await limits.workspaces.take(workspaceId);
  refuseWhen(shared, 'of this workspace');
  return own;
}

/**
 * Looks a credential up in the turn of its address.
 * @throws ApiError `rate_limited` when others of the address take too long.
 */
export async function proveInTurn<T>(
  limits: Limits,
  address: string,
  prove: () => Promise<T>,
): Promise<T> {
  const leave = await limits.proofs.enter(address, PROOF_WITHIN_MS);
  if (leave === null) {
    throw new ApiError('rate_limited', {
      detail: 'too many credentials of this address are being looked up',
      headers: { 'Retry-After': '1' },
    });
  }
  try {
    return await prove();
  } finally {
    leave();
  }
}

/** Answers one that proved nothing: it takes from the share of its address. */
export function refuseStranger(limits: Limits, address: string, refusal: ApiError): ApiError {
  refuseWhen(limits.strangers.take(address));
  return refusal;
}

/** How many credentials are remembered as good: they need no turn of their address. */
const MAX_REMEMBERED = 5_000;

/**
 * Default deny: every request needs a valid API key unless the route that will answer is in the
 * public list. The workspace and the member come from the key.
 */
export function authenticate(
  { db, settings }: Pick<ApiDeps, 'db' | 'settings'>,
  limits: Limits,
): MiddlewareHandler<ApiEnv> {
  const remembered = new Map<string, Subject>();
  return async (c, next) => {
    const route = routeOf(c);
    if (route !== null && PUBLIC_ROUTES.has(route)) {
      // A route with a credential of its own judges who does not prove it.
      if (!UNLIMITED_ROUTES.has(route) && !PROVING_ROUTES.has(route)) {
        refuseWhen(limits.strangers.take(addressOf(c, settings)));
      }
      return next();
    }
    const holder = bearerOf(c.req.header('authorization'));
    const fingerprint = holder === null ? '' : createHash('sha256').update(holder).digest('base64');
    const address = addressOf(c, settings);
    if (route === 'GET /metrics' && isMetricsKey(holder, settings)) return next();
    if (holder === null) throw refuseStranger(limits, address, unauthenticated());
    const find = () => findHolder(c, db, { route, holder });
    const known = remembered.get(fingerprint);
    // Who proved it before is judged before the look-up: too much of it must cost little.
    const early = known && (await admitCaller(limits, known));
    const found = known ? await find() : await proveInTurn(limits, address, find);
    if (found === null) {
      remembered.delete(fingerprint);
      throw refuseStranger(limits, address, unauthenticated());
    }
    const subject = { id: found.apiKeyId, workspaceId: found.workspaceId };
    remember(remembered, fingerprint, subject);
    const allowance = early ?? (await admitCaller(limits, subject));
    for (const [name, value] of Object.entries(rateLimitHeaders(allowance))) c.header(name, value);
    c.set('holder', holder);
    c.set('usedKey', found.used);
    c.set('caller', {
      workspaceId: found.workspaceId,
      memberId: found.member.id,
      roles: found.member.roles,
      apiKeyId: found.apiKeyId,
      name: found.member.name,
    });
    const actor = { memberId: found.member.id, credentialId: found.apiKeyId };
    return inWorkspace({ workspaceId: found.workspaceId, actor }, next);
  };
}

/** Routes whose request may be a command on the item that its path names. */
const ON_AN_ITEM = /^(POST|PUT) \/v1\/items\/:id\//;

/** A command's own look-up is made with that of its key: it saves the caller a round trip. */
async function findHolder(
  c: ApiContext,
  db: ApiDeps['db'],
  { route, holder }: { route: string | null; holder: string },
): Promise<Authenticated | null> {
  const itemId = ON_AN_ITEM.test(route ?? '') ? c.req.path.split('/')[3] : undefined;
  const idempotencyKey = c.req.header('idempotency-key') ?? null;
  if (itemId === undefined) return authenticateApiKey(db, holder, { idempotencyKey });
  const found = await authenticateForCommand(db, holder, {
    itemId,
    idempotencyKey,
    commandIdOf: (apiKeyId) =>
      idempotencyKey === null ? null : commandIdFor(apiKeyId, idempotencyKey),
  });
  if (found === null) return null;
  c.set('known', { itemId, context: found.context, readAt: performance.now() });
  return found.authenticated;
}

export function unauthenticated(): ApiError {
  return new ApiError('unauthenticated', {
    detail: 'give a valid API key: Authorization: Bearer bk_…',
    headers: { 'WWW-Authenticate': 'Bearer realm="baton"' },
  });
}

/** @throws ApiError `rate_limited` when the allowance is used up. */
function refuseWhen(allowance: Allowance, of = ''): void {
  if (allowance.allowed) return;
  throw new ApiError('rate_limited', {
    detail: `more than ${allowance.limit} requests per second${of && ` ${of}`}`,
    headers: { ...rateLimitHeaders(allowance), 'Retry-After': String(allowance.retryAfterSeconds) },
  });
}

function bearerOf(header: string | undefined): string | null {
  return /^Bearer ([\w.-]{1,200})$/i.exec(header ?? '')?.[1] ?? null;
}

/** The key of the installation, which is of no workspace and opens one route. */
function isMetricsKey(
  holder: string | null,
  { metricsKey }: Pick<ApiDeps['settings'], 'metricsKey'>,
): boolean {
  if (holder === null || metricsKey === null) return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(holder), digest(metricsKey));
}

function remember(remembered: Map<string, Subject>, fingerprint: string, subject: Subject): void {
  remembered.delete(fingerprint);
  remembered.set(fingerprint, subject);
  if (remembered.size <= MAX_REMEMBERED) return;
  const [oldest] = remembered.keys();
  if (oldest !== undefined) remembered.delete(oldest);
}

type AddressTrust = Pick<ApiDeps['settings'], 'behindTlsProxy'>;

/**
 * Where a request comes from. Behind the configured proxy it is the last entry of X-Forwarded-For,
 * the one that this proxy added; otherwise the header is the caller's own and says nothing. An IPv6
 * caller counts by its /64, which is what one customer has.
 */
export function addressOf(c: ApiContext, { behindTlsProxy }: AddressTrust): string {
  const direct = c.env?.incoming?.socket.remoteAddress ?? '';
  const forwarded = behindTlsProxy
    ? c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim()
    : '';
  const text = forwarded !== undefined && ipaddr.isValid(forwarded) ? forwarded : direct;
  if (!ipaddr.isValid(text)) return 'unknown';
  const address = ipaddr.process(text);
  return address.kind() === 'ipv4'
    ? address.toString()
    : Buffer.from(address.toByteArray().slice(0, 8)).toString('hex');
}
