import type { MiddlewareHandler } from 'hono';
import type { Role } from '../../domain/people/roles.ts';
import type { ApiCaller, ApiContext, ApiEnv } from './context.ts';
import { ApiError } from './errors.ts';

/**
 * The caller, who holds one of the roles.
 * @throws ApiError `forbidden`, naming the roles of which the caller holds none.
 */
export function requireRole(c: ApiContext, roles: readonly Role[]): ApiCaller {
  const caller = c.get('caller');
  if (caller.roles.some((role) => roles.includes(role))) return caller;
  throw forbidden(roles);
}

/** Lets those with one of the roles pass, before anything that they sent is judged. */
export function forRoles(roles: readonly Role[]): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    requireRole(c, roles);
    await next();
  };
}

/** The refusal of whoever holds none of the roles. */
export function forbidden(roles: readonly Role[]): ApiError {
  const [first] = roles;
  const message = `this is for ${roles.join(', ')}`;
  return new ApiError('forbidden', {
    detail: message,
    unmet: [{ code: 'holds_role', message, ...(first !== undefined && { role: first }) }],
  });
}
