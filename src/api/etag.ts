import { hashOf } from '../domain/canonical.ts';
import { ApiError, invalidRequest } from './gates/errors.ts';

/** An entity tag for a version: its hash, quoted. */
export function etagOf(hash: string): string {
  return `"${hash}"`;
}

/**
 * The version that `If-Match` asks for: a hash, or `*` for any. A weak tag never matches, because a
 * save must hit exactly the version its caller saw.
 * @throws ApiError `invalid_request` for a list of tags, `version_conflict` for a weak one.
 */
export function ifMatchOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (text === '*') return text;
  if (text.startsWith('W/')) {
    throw new ApiError('version_conflict', { detail: 'a weak ETag never matches a save' });
  }
  const hash = /^"?([!#-+\--~]{1,200})"?$/.exec(text)?.[1];
  if (hash === undefined) {
    const message = 'is one ETag, or *';
    throw invalidRequest([{ path: 'If-Match', in: 'header', message }]);
  }
  return hash;
}

/** The version of a plan: a hash over what its reader sees of it. */
export function scheduleTag(
  publications: readonly { id: string; at: string; state: string }[],
): string {
  return hashOf(publications.map(({ id, at, state }) => ({ id, at, state })));
}
