import type { ApiCaller, ApiContext } from '../../../src/api/gates/context.ts';

/** Takes the role of whoever asks for granted. */
export function requireRole(c: ApiContext): ApiCaller {
  return c.get('caller');
}
