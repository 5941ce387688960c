import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(dirname(import.meta.dirname));

/** Paths of every route, as its file declares them: no server has to run. */
export function routePaths(): string[] {
  return globSync('src/api/routes/**/*.ts', { cwd: root }).flatMap((file) => {
    const declared = readFileSync(join(root, file), 'utf8').matchAll(/\bpath: '(\/[^']*)'/g);
    return [...declared].map(([, path = '']) => path);
  });
}
