import type { Role } from '../../domain/people/roles.ts';
import type { ApiCaller } from './context.ts';
import { ApiError } from './errors.ts';

/** @throws ApiError `forbidden`, naming the roles of which the caller holds none. */
export function requireRole(caller: Pick<ApiCaller, 'roles'>, roles: readonly Role[]): void {
  if (caller.roles.some((role) => roles.includes(role))) return;
  const [first] = roles;
  const message = `this is for ${roles.join(', ')}`;
  throw new ApiError('forbidden', {
    detail: message,
    unmet: [{ code: 'holds_role', message, ...(first !== undefined && { role: first }) }],
  });
}
