import type { ApiDeps } from './deps.ts';
import type { ApiContext } from './gates/context.ts';

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/**
 * The address of a path that holds a secret. The `Host` of a request is the caller's own word, and a
 * proxy may pass on any: only one that leads to the caller's own machine is believed. Where nobody said
 * the public address it is the path, for the address that the caller knows the API by.
 */
export function publicAddress(
  c: ApiContext,
  { publicUrl }: Pick<ApiDeps['settings'], 'publicUrl'>,
  path: string,
): string {
  if (publicUrl !== null) return publicUrl + path;
  const { hostname, origin } = new URL(c.req.url);
  return LOOPBACK_NAMES.has(hostname) ? origin + path : path;
}
