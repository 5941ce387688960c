/** Builds `@baton/client` into packages/client/dist, before npm packs it: JavaScript with its types. */
import { copyFileSync, cpSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compile, root } from './build/compile.ts';

const home = join(root, 'packages', 'client');
const dist = join(home, 'dist');
const source = join(dist, 'source');
const types = join(dist, 'types');

rmSync(dist, { recursive: true, force: true });
compile('packages/client/tsconfig.types.json');
cpSync(join(root, 'src', 'client'), source, {
  recursive: true,
  filter: (file) => !file.endsWith('.test.ts') && basename(file) !== 'server-types.ts',
});
const written = 'server-types.d.ts';
copyFileSync(join(types, 'packages', 'client', written), join(source, written));
// The client alone, without a file of the server in reach.
compile('packages/client/tsconfig.json');
copyFileSync(join(source, written), join(dist, written));
for (const directory of [source, types]) rmSync(directory, { recursive: true });
