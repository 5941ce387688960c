/** `npm run lint:imports`: who imports what it may not (scripts/imports/layers.ts). */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brokenImportRules } from './imports/check.ts';

const root = dirname(import.meta.dirname);
const broken = globSync('src/**/*.ts', { cwd: root })
  .sort()
  .flatMap((file) => brokenImportRules(file, readFileSync(join(root, file), 'utf8')));
if (broken.length > 0) {
  console.error(broken.join('\n'));
  process.exitCode = 1;
}
