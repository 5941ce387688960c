import type { MatchKind } from '../../domain/csv/mapping.ts';

/** What a piece may be called in the store that a file calls `ref`. */
export function namesOf(by: MatchKind, ref: string): string[] {
  switch (by) {
    case 'publication_id':
    case 'remote_id':
      return [ref];
    case 'utm_content':
      return [contentOf(ref) ?? ref];
    case 'url':
    case 'page':
      return addressesOf(ref);
  }
}

function contentOf(ref: string): string | null {
  return URL.canParse(ref) ? new URL(ref).searchParams.get('utm_content') : null;
}

/** An address with and without what does not make it another page: tags, a fragment, a slash at its end. */
function addressesOf(ref: string): string[] {
  if (!/^https?:/i.test(ref) || !URL.canParse(ref)) return [ref];
  const url = new URL(ref);
  url.hash = '';
  const tags = [...url.searchParams.keys()].filter((name) => name.startsWith('utm_'));
  for (const tag of tags) url.searchParams.delete(tag);
  const plain = url.href;
  if (url.search !== '') return [...new Set([ref, plain])];
  const bare = plain.replace(/\/+$/, '');
  return [...new Set([ref, bare, `${bare}/`])];
}
