import type { MiddlewareHandler } from 'hono';
import type { ApiCaller, ApiContext, ApiEnv } from '../../../src/api/gates/context.ts';

/** Takes the role of whoever asks for granted. */
export function requireRole(c: ApiContext): ApiCaller {
  return c.get('caller');
}

/** Lets everybody pass. */
export function forRoles(): MiddlewareHandler<ApiEnv> {
  return (_, next) => next();
}

export { forbidden } from '../../../src/api/gates/require-role.ts';
