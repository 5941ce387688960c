import type { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { getCommand } from '../../db/item/commands.ts';
import { claimIdempotencyKey, useOf } from '../../db/workspace/idempotency-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { type ApiContext, type ApiEnv, routeOf } from './context.ts';
import { type ApiError, type ErrorCode, statusOf } from './errors.ts';
import {
  answerAgain,
  claimOf,
  commandKeyOf,
  type KeptRefusal,
  sealAnswer,
  usedForAnother,
} from './idempotency.ts';
import { toApiError } from './problem-response.ts';

/**
 * Refusals that answer what was asked. The others are about this attempt (too large, too slow, no
 * credential, too many, a part is away), or about `If-Match`, which is no part of what a key stands for.
 */
const KEPT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid_request',
  'forbidden',
  'not_found',
  'refused',
  'conflict',
]);

/**
 * A key that was answered with a refusal gives it again, and is a conflict for every other request.
 * Verdicts of commands and answers of `once` are stored where they are made; this keeps what was refused
 * before it came to that. Any other request pays no round trip for it: what its key was used for is read
 * together with the credential.
 */
export function firstAnswers(
  { db }: Pick<ApiDeps, 'db'>,
  takesKey: (route: string) => boolean,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const key = c.get('idempotencyKey');
    const route = routeOf(c);
    if (key === null || route === null || !takesKey(route)) return next();
    repeatRefusal(c, key);
    await next();
    if (c.error === undefined || c.get('body') === undefined) return;
    const refusal = toApiError(c.error);
    if (isFinal(refusal)) await keep(c, db, key, refusal);
  };
}

/** Which routes take a key, from what their own documentation says; asked once all of them are there. */
export function createKeyFinder({
  openAPIRegistry,
}: Pick<OpenAPIHono<ApiEnv>, 'openAPIRegistry'>): (route: string) => boolean {
  let routes: ReadonlySet<string> | null = null;
  return (route) => {
    routes ??= new Set(openAPIRegistry.definitions.flatMap(keyedRoutes));
    return routes.has(route);
  };
}

function keyedRoutes(
  definition: OpenAPIHono<ApiEnv>['openAPIRegistry']['definitions'][number],
): string[] {
  if (definition.type !== 'route') return [];
  const { method, path, parameters = [] } = definition.route;
  const takesKey = parameters.some((one) => 'name' in one && one.name === 'Idempotency-Key');
  return takesKey ? [`${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`] : [];
}

/** @throws ApiError the refusal of before, or `idempotency_conflict`. */
function repeatRefusal(c: ApiContext, key: string): void {
  const used = c.get('usedKey');
  // A file's hash is known when it is read; its route asks then.
  if (used === null || used.status === null || c.get('body') === undefined) return;
  const claim = claimOf(c, key);
  const first = useOf(used, claim);
  // An answer that is no refusal is given by the work itself.
  if (first.state === 'conflict' || used.status >= 400) answerAgain(c, claim, first);
}

/** A stored command keeps its verdict itself; whoever is told when to come again has no answer yet. */
function isFinal({ code, parts }: ApiError): boolean {
  return (
    KEPT.has(code) && parts.commandId === undefined && parts.headers?.['Retry-After'] === undefined
  );
}

/** Keeps the refusal unless the key has another answer: then that one is given. */
async function keep(
  c: ApiContext,
  db: ApiDeps['db'],
  key: string,
  { code, parts: { headers: _, ...parts } }: ApiError,
): Promise<void> {
  const claim = claimOf(c, key);
  const { commandId, bodyHash } = commandKeyOf(c);
  const command = await getCommand(db, { workspaceId: claim.workspaceId, id: commandId });
  if (command !== null) {
    if (command.bodyHash !== bodyHash) throw usedForAnother();
    return;
  }
  const response = sealAnswer(c, claim, { code, parts } satisfies KeptRefusal);
  const answer = { status: statusOf(code), response };
  const first = await claimIdempotencyKey(db, { ...claim, answer });
  if (first.state === 'claimed' || first.state === 'busy') return;
  const { status, body } = answerAgain<object, 200 | 201>(c, claim, first);
  c.res = c.json(body, status);
}
