/**
 * Builds the package `baton` into dist, before npm packs it: the checkout as JavaScript, because Node
 * runs no TypeScript below node_modules, with the workflows bundled and the files that programs read.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { compile, root } from './build/compile.ts';
import { buildWorkflowBundle, SHIPPED_BUNDLE } from './build-workflow-bundle.ts';

const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
compile('tsconfig.package.json');
for (const path of ['src', 'scripts/npx.mjs', 'scripts/local', 'examples']) {
  cpSync(join(root, path), join(dist, path), {
    recursive: true,
    filter: (file) => !file.endsWith('.ts') && !file.endsWith('.mts'),
  });
}
cpSync(await buildWorkflowBundle(), join(dist, SHIPPED_BUNDLE));
