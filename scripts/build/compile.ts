import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

/** The checkout. */
export const root = dirname(dirname(import.meta.dirname));

/**
 * Compiles what a `tsconfig` file of the checkout names.
 * @throws Error when it does not compile; the compiler has said why.
 */
export function compile(project: string): void {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '--project', join(root, project)], {
    // Standard output is for the name of the file that npm packs.
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error(`${project} does not compile`);
}
