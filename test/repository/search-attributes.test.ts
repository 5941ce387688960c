import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { SEARCH_ATTRIBUTES } from '../../src/domain/visibility/search-attributes.ts';
import { SEARCH_ATTRIBUTE_FLAGS } from '../../src/engine/search-attributes.ts';

const root = dirname(dirname(import.meta.dirname));
const sources = globSync(['src/**/*.ts', 'worker.ts'], { cwd: root })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));

const filesWith = (pattern: RegExp) =>
  sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

it('search attributes are written for operators and never read for a decision', () => {
  // Their names are in one file, so no query can ask for them.
  const names = Object.values(SEARCH_ATTRIBUTES).map(({ name }) => name);
  expect(filesWith(new RegExp(names.join('|')))).toEqual([
    'src/domain/visibility/search-attributes.ts',
  ]);
  expect(filesWith(/\bSEARCH_ATTRIBUTES\b/).toSorted()).toEqual([
    'src/domain/visibility/search-attributes.ts',
    // Registers them.
    'src/engine/search-attributes.ts',
  ]);
  // What a run or a list says of its attributes: only the engine's own note of failing tasks is read.
  const readers = filesWith(
    /searchAttributes\?\.|SearchAttributes\.get|workflowInfo\(\)\.\w*earchA/,
  );
  expect(readers).toEqual(['src/audit/open-runs.ts']);
});

it('docs/production.md names each of them, and the command of Temporal Cloud that registers them', () => {
  const page = readFileSync(join(root, 'docs/production.md'), 'utf8');
  const flags = [...page.matchAll(/--search-attribute=\w+=\w+/g)].map(([flag]) => flag);
  expect(flags).toEqual(SEARCH_ATTRIBUTE_FLAGS);
  const rows = [...page.matchAll(/^\| `(Baton\w+)` \| (\w+) \|/gm)];
  expect(rows.map(([, name, type]) => `--search-attribute=${name}=${type}`)).toEqual(
    SEARCH_ATTRIBUTE_FLAGS,
  );
});
