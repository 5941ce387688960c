import type { ClientResponse } from 'hono/client';
import type { ResponseFormat } from 'hono/types';
import type { Problem } from './api-types.ts';
import { BatonError } from './errors.ts';

/** Any answer of a route, as hono's client types it. */
export type Reply = ClientResponse<unknown, number, ResponseFormat>;

/** The body of a route's success; `Pending` is not one. */
export type SuccessOf<R> =
  R extends ClientResponse<infer Body, infer Status, 'json'>
    ? Status extends 200 | 201
      ? Body
      : never
    : never;

/** A command is stored, its verdict not known yet. */
export interface Pending {
  outcome: 'pending';
  commandId: string;
}

/**
 * The body of a success.
 * @throws BatonError with the problem of anything else.
 */
export async function answered<R extends Reply>(call: Promise<R>): Promise<SuccessOf<R>> {
  const reply = await call;
  if (!reply.ok) throw await errorOf(reply);
  return bodyOf<SuccessOf<R>>(reply);
}

/**
 * Waits for a success that has no body.
 * @throws BatonError with the problem of anything else.
 */
export async function done(call: Promise<Reply>): Promise<void> {
  const reply = await call;
  if (!reply.ok) throw await errorOf(reply);
}

/**
 * The body of a success, or what is known of a command that has no verdict yet.
 * @throws BatonError with the problem of anything else.
 */
export async function answeredOrPending<R extends Reply>(
  call: Promise<R>,
): Promise<{ pending: null; body: SuccessOf<R> } | { pending: Pending }> {
  const reply = await call;
  if (!reply.ok) throw await errorOf(reply);
  if (reply.status === 202) return { pending: await bodyOf<Pending>(reply) };
  return { pending: null, body: await bodyOf<SuccessOf<R>>(reply) };
}

/** Status and route decide the type of a body: the same zod schemas type the API's own handlers. */
async function bodyOf<Body>(reply: Pick<Reply, 'json'>): Promise<Body> {
  return (await reply.json()) as Body;
}

/** The problem in an answer; a proxy in between may answer with something else. */
export async function errorOf(
  reply: Pick<Reply, 'status' | 'headers' | 'text'>,
): Promise<BatonError> {
  const text = await reply.text();
  if (reply.headers.get('content-type')?.startsWith('application/problem+json')) {
    return new BatonError(JSON.parse(text) as Problem);
  }
  const detail = text.slice(0, 200) || 'the answer has no body';
  return new BatonError({ status: reply.status, code: 'unexpected_answer', detail });
}
