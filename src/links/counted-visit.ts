import { isbot } from 'isbot';

/** What a request for a short link says of itself. */
export interface Visit {
  method: string;
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined;
}

/** Longer than any browser's. */
const LONGEST_AGENT = 500;
const PREFETCH = /prefetch|prerender|preview/i;
const PREFETCH_HEADERS = ['purpose', 'sec-purpose', 'x-purpose', 'x-moz'] as const;

/**
 * Whether somebody opened the link. What fetches a preview, a crawler and whoever does not say what it is are
 * nobody: `isbot` knows them (test/vectors/link-visitors.json). So are a browser that loads ahead, and a page
 * that loads the link as an image or by script.
 */
export function isSomebody({ method, header }: Visit): boolean {
  const agent = header('user-agent')?.slice(0, LONGEST_AGENT) ?? '';
  const mode = header('sec-fetch-mode') ?? 'navigate';
  return (
    method === 'GET' &&
    mode === 'navigate' &&
    !PREFETCH_HEADERS.some((name) => PREFETCH.test(header(name) ?? '')) &&
    agent !== '' &&
    !isbot(agent)
  );
}
