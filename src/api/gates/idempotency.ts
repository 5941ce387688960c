import { createHash } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { ulid } from 'ulid';
import {
  fingerprintForHolder,
  openForHolder,
  sealForHolder,
} from '../../credentials/holder-seal.ts';
import type { Db } from '../../db/client.ts';
import { inTransaction } from '../../db/transaction.ts';
import {
  type ClaimedKey,
  claimIdempotencyKey,
  completeIdempotencyKey,
  type IdempotencyClaim,
  releaseIdempotencyKey,
  type StoredAnswer,
} from '../../db/workspace/idempotency-keys.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import type { ApiContext, ApiEnv } from './context.ts';
import { ApiError, invalidRequest, type ProblemParts } from './errors.ts';

/**
 * A key stands for one request of one sender, and for the answer that was given first: the same request
 * gets it again, another one is `idempotency_conflict`. The variants differ in where that answer is kept,
 * for the reasons of docs/decisions/0033-one-idempotency.md:
 *
 * - a command: in its own row, whose id is made from the key (`commandKeyOf`, `deliveryKeyOf`);
 * - other work: beside the key, in the transaction of the work (`once`) or after it (`onceUnderLease`);
 * - a refusal before either: beside the key, after the work was rolled back (first-answers.ts).
 */

const KEY = /^[\x21-\x7e]{1,128}$/;

/** To read is the same however often: no key changes that, and none is judged. */
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Checks the `Idempotency-Key` of every change that has one. */
export function idempotencyKey(): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const key = READS.has(c.req.method) ? null : (c.req.header('idempotency-key') ?? null);
    if (key !== null && !KEY.test(key)) {
      const message = 'is 1 to 128 visible ASCII characters without spaces';
      throw invalidRequest([{ path: 'Idempotency-Key', in: 'header', message }]);
    }
    c.set('idempotencyKey', key);
    return next();
  };
}

/** What a command is known by when it is sent again: its id, and the hash of what was asked. */
export interface CommandKey {
  commandId: string;
  bodyHash: string;
}

export function commandKeyOf(c: ApiContext): CommandKey {
  return { commandId: commandIdOf(c), bodyHash: bodyHashOf(c) };
}

/** Of the command that a repair sends: beside the key's own, which may be a command's as well. */
export function repairKeyOf(c: ApiContext): CommandKey {
  const key = c.get('idempotencyKey') ?? ulid();
  return {
    commandId: commandIdFor(c.get('caller').apiKeyId, `repair:${key}`),
    bodyHash: bodyHashOf(c),
  };
}

/** A delivery is signed over its bytes, so it is known by them and not by what they mean. */
export function deliveryKeyOf(
  { endpointId, webhookId }: { endpointId: string; webhookId: string },
  rawBody: Uint8Array,
): CommandKey {
  const bodyHash = createHash('sha256').update(rawBody).digest('hex');
  return { commandId: `webhook:${endpointId}:${webhookId}`, bodyHash };
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
function bodyHashOf(c: ApiContext): string {
  const request = { method: c.req.method, path: c.req.path, body: c.get('body') };
  return createHash('sha256').update(canonicalJson(request), 'utf8').digest('hex');
}

/** What is stored of a request that has a key, to know it again. */
export function claimOf(c: ApiContext, key: string): IdempotencyClaim {
  const { workspaceId, apiKeyId } = c.get('caller');
  const bodyHash = fingerprintForHolder(bodyHashOf(c), c.get('holder'));
  return { workspaceId, apiKeyId, key, route: `${c.req.method} ${c.req.path}`, bodyHash };
}

interface Answer<T, Status extends number> {
  status: Status;
  body: T;
}

/**
 * Does the work of a request that is no command, once per key. Key, work and answer are one
 * transaction: a request that comes meanwhile waits for it, and a failure leaves nothing behind. The
 * answer is kept sealed for the credential that asked, because it may hold a new secret.
 */
export function once<T>(
  c: ApiContext,
  { db, status }: { db: Db; status: number },
  work: (tx: Db) => Promise<T>,
): Promise<T> {
  return inTransaction(db, (tx) => firstAnswer(c, tx, { status, work: () => work(tx) }));
}

/**
 * `once` for work that is longer than a transaction may be. The key is held by a lease: a request that
 * comes meanwhile is told to come again, a failure gives the key back, and so does the end of `leaseMs`
 * when this process died. What the work had done by then stays done.
 * @param leaseMs longer than the work can take.
 */
export function onceUnderLease<T>(
  c: ApiContext,
  { db, status, leaseMs }: { db: Db; status: number; leaseMs: number },
  work: () => Promise<T>,
): Promise<T> {
  return firstAnswer(c, db, { status, work, leaseMs });
}

/** @param leaseMs when the claim is seen by others before its answer is; else a rollback removes it. */
async function firstAnswer<T>(
  c: ApiContext,
  db: Db,
  { status, work, leaseMs }: { status: number; work: () => Promise<T>; leaseMs?: number },
): Promise<T> {
  const key = c.get('idempotencyKey');
  if (key === null) return work();
  const claim = claimOf(c, key);
  const claimed = await claimIdempotencyKey(db, { ...claim, leaseMs });
  if (claimed.state !== 'claimed') return answerAgain<T, number>(c, claim, claimed).body;
  const answer = await work().catch(async (error: unknown) => {
    if (leaseMs !== undefined) await releaseIdempotencyKey(db, claim);
    throw error;
  });
  const response = sealAnswer(c, claim, answer);
  await completeIdempotencyKey(db, { ...claim, status, response });
  return answer;
}

/**
 * The first answer of a key that was used before.
 * @throws ApiError the refusal, when it was one; `conflict` while another request with the key is at
 *   work; `idempotency_conflict`.
 */
export function answerAgain<T, Status extends number>(
  c: ApiContext,
  claim: IdempotencyClaim,
  used: Exclude<ClaimedKey, { state: 'claimed' }>,
): Answer<T, Status> {
  switch (used.state) {
    case 'answered':
      return openAnswer(c, claim, used);
    case 'busy':
      throw new ApiError('conflict', {
        detail: 'a request with this idempotency key is at work: repeat it',
        headers: { 'Retry-After': '1' },
      });
    case 'conflict':
      throw usedForAnother();
  }
}

export function usedForAnother(): ApiError {
  return new ApiError('idempotency_conflict', {
    detail: 'this Idempotency-Key was used for another request',
  });
}

/** A refusal as it is kept: what its problem is made of, but for the request that it was given to. */
export type KeptRefusal = Pick<ApiError, 'code'> & { parts: ProblemParts };

type Claimed = Pick<IdempotencyClaim, 'route' | 'key'>;

/** An answer's body or a refusal, for whoever holds the credential of the request. */
export function sealAnswer(c: ApiContext, claim: Claimed, answer: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(answer), 'utf8');
  return sealForHolder(text, c.get('holder'), purposeOf(claim));
}

/** The same route and body lead to an answer of the same kind. */
function openAnswer<T, Status extends number>(
  c: ApiContext,
  claim: Claimed,
  { status, response }: StoredAnswer,
): Answer<T, Status> {
  const text = openForHolder(response, c.get('holder'), purposeOf(claim)).toString('utf8');
  const body: unknown = JSON.parse(text);
  if (status < 400) return { status: status as Status, body: body as T };
  const { code, parts } = body as KeptRefusal;
  throw new ApiError(code, parts);
}

function purposeOf({ route, key }: Claimed): string {
  return `${route} ${key}`;
}
