/** Part of `npm run lint`: who imports what it may not (scripts/imports/layers.ts), and what nobody does. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brokenImportRules, unusedPermissions } from './imports/check.ts';

const root = dirname(import.meta.dirname);
const sources = globSync('src/**/*.ts', { cwd: root })
  .sort()
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
const broken = [...sources.flatMap(brokenImportRules), ...unusedPermissions(sources)];
if (broken.length > 0) {
  console.error(broken.join('\n'));
  process.exitCode = 1;
}
