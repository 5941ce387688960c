import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import ipaddr from 'ipaddr.js';
import { authenticateForCommand } from '../../db/item/command-context.ts';
import { type Authenticated, authenticateApiKey } from '../../db/workspace/api-keys.ts';
import { inWorkspace } from '../../db/workspace-scope.ts';
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
]);

/** Asked by machines, often, and answered from memory. */
const UNLIMITED_ROUTES: ReadonlySet<string> = new Set(['GET /healthz', 'GET /readyz']);

/** Who may ask how often. */
export interface Limits {
  /** By API key or webhook endpoint. */
  callers: RateLimiter;
  /** By address, for whoever has not shown a valid credential. */
  strangers: RateLimiter;
}

export function createLimits(perSecond: number): Limits {
  return { callers: createRateLimiter(perSecond), strangers: createRateLimiter(perSecond) };
}

/** How many credentials are remembered as good, so that others cannot use up their address's share. */
const MAX_REMEMBERED = 5_000;

/**
 * Default deny: every request needs a valid API key unless the route that will answer is in the
 * public list. The workspace and the member come from the key.
 */
export function authenticate(
  { db, settings }: Pick<ApiDeps, 'db' | 'settings'>,
  limits: Limits,
): MiddlewareHandler<ApiEnv> {
  const remembered = new Set<string>();
  return async (c, next) => {
    const route = routeOf(c);
    if (route !== null && PUBLIC_ROUTES.has(route)) {
      if (!UNLIMITED_ROUTES.has(route)) admitStranger(c, limits, settings);
      return next();
    }
    const holder = bearerOf(c.req.header('authorization'));
    const fingerprint = holder === null ? '' : createHash('sha256').update(holder).digest('base64');
    const address = addressOf(c, settings);
    if (!remembered.has(fingerprint)) refuseWhen(limits.strangers.peek(address));
    const found = holder === null ? null : await findHolder(c, db, { route, holder });
    if (found === null || holder === null) {
      remembered.delete(fingerprint);
      limits.strangers.take(address);
      throw unauthenticated();
    }
    remember(remembered, fingerprint);
    const allowance = limits.callers.take(found.apiKeyId);
    for (const [name, value] of Object.entries(rateLimitHeaders(allowance))) c.header(name, value);
    refuseWhen(allowance);
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
export function refuseWhen(allowance: Allowance): void {
  if (allowance.allowed) return;
  throw new ApiError('rate_limited', {
    detail: `more than ${allowance.limit} requests per second`,
    headers: { ...rateLimitHeaders(allowance), 'Retry-After': String(allowance.retryAfterSeconds) },
  });
}

/** A signed route takes from the share of its address only when the signature turns out bad. */
function admitStranger(c: ApiContext, limits: Limits, settings: AddressTrust): void {
  const address = addressOf(c, settings);
  const signed = c.req.method === 'POST';
  refuseWhen(signed ? limits.strangers.peek(address) : limits.strangers.take(address));
}

function bearerOf(header: string | undefined): string | null {
  return /^Bearer ([\w.-]{1,200})$/i.exec(header ?? '')?.[1] ?? null;
}

function remember(remembered: Set<string>, fingerprint: string): void {
  remembered.delete(fingerprint);
  remembered.add(fingerprint);
  if (remembered.size <= MAX_REMEMBERED) return;
  const [oldest] = remembered;
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
