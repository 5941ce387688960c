import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { ulid } from 'ulid';
import { openForHolder, sealForHolder } from '../credentials/holder-seal.ts';
import type { Db } from '../db/client.ts';
import { claimIdempotencyKey, completeIdempotencyKey } from '../db/idempotency-keys.ts';
import { inTransaction } from '../db/transaction.ts';
import { canonicalJson } from '../domain/canonical.ts';
import type { ApiContext, ApiEnv } from './context.ts';
import { ApiError, invalidRequest } from './errors.ts';

const KEY = /^[\x21-\x7e]{1,128}$/;

/** Checks the `Idempotency-Key` of every request that has one. */
export function idempotencyKey(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const key = c.req.header('idempotency-key') ?? null;
    if (key !== null && !KEY.test(key)) {
      const message = 'is 1 to 128 visible ASCII characters without spaces';
      throw invalidRequest([{ path: 'Idempotency-Key', in: 'header', message }]);
    }
    c.set('idempotencyKey', key);
    return next();
  };
}

/** The id of a command: made from the key of the request, or new when it has none. */
export function commandIdOf(c: ApiContext): string {
  return commandIdFor(c.get('caller').apiKeyId, c.get('idempotencyKey') ?? ulid());
}

/** The id of the command that an API key sends under an idempotency key. */
export function commandIdFor(apiKeyId: string, key: string): string {
  return `http:${apiKeyId}:${key}`;
}

/** What a key stands for: method, path and body. The order of a body's fields does not matter. */
export function bodyHashOf(c: ApiContext): string {
  return requestHash({ method: c.req.method, path: c.req.path, body: c.get('body') });
}

export function requestHash(request: { method: string; path: string; body: unknown }): string {
  return createHash('sha256').update(canonicalJson(request), 'utf8').digest('hex');
}

interface Answer<T, Status extends number> {
  status: Status;
  body: T;
}

/**
 * Does the work of a request that is no command, once per key. Key, work and answer are one
 * transaction: a request that comes meanwhile waits for it, and a failure leaves nothing behind.
 * The answer is kept sealed for the credential that asked, because it may hold a new secret.
 * @param bodyHash given where the body is not JSON.
 */
export async function once<T, Status extends number>(
  c: ApiContext,
  db: Db,
  work: (tx: Db) => Promise<Answer<T, Status>>,
  bodyHash: string = bodyHashOf(c),
): Promise<Answer<T, Status>> {
  const key = c.get('idempotencyKey');
  if (key === null) return inTransaction(db, work);
  const { workspaceId, apiKeyId } = c.get('caller');
  const route = `${c.req.method} ${c.req.path}`;
  const holder = c.get('holder');
  const purpose = `${route} ${key}`;
  return inTransaction(db, async (tx) => {
    const claim = await claimIdempotencyKey(tx, { workspaceId, apiKeyId, key, route, bodyHash });
    switch (claim.state) {
      case 'claimed': {
        const answer = await work(tx);
        const text = Buffer.from(JSON.stringify(answer.body), 'utf8');
        const response = sealForHolder(text, holder, purpose);
        const { status } = answer;
        await completeIdempotencyKey(tx, { workspaceId, apiKeyId, key, status, response });
        return answer;
      }
      case 'answered':
        return answerIn<T, Status>(claim.status, openForHolder(claim.response, holder, purpose));
      case 'busy':
        throw new ApiError('conflict', {
          detail: 'a request with this idempotency key is at work: repeat it',
          headers: { 'Retry-After': '1' },
        });
      case 'conflict':
        throw new ApiError('idempotency_conflict', {
          detail: 'this Idempotency-Key was used for another request',
        });
    }
  });
}

/** Only `once` stores answers, and the same route and body lead to the same kind of answer. */
function answerIn<T, Status extends number>(status: number, text: Buffer): Answer<T, Status> {
  return { status: status as Status, body: JSON.parse(text.toString('utf8')) as T };
}
