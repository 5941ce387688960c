import { relative } from 'node:path';

/** A path as it is shortest from where the reader is. */
export function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}
