import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(import.meta.dirname));
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');
const page = textOf('docs/architecture.md');
const sectionOf = (title: string): string =>
  page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';

describe('the folder map', () => {
  const rows = [...sectionOf('Folders').matchAll(/^\| `([\w/-]+)\/` \| (.*) \|$/gm)];
  const map = new Map(rows.map(([, folder = '', text = '']) => [folder, text]));

  it('has every folder of the source, and no other', () => {
    const folders = globSync(['src/*/', 'packages/*/'], { cwd: root }).map((path) =>
      path.replace(/\/$/, ''),
    );
    expect([...map.keys()].toSorted()).toEqual([...folders, 'scripts', 'test'].toSorted());
  });

  it.each(['src/domain', 'src/db', 'src/api', 'test'])('names every folder inside %s', (folder) => {
    const inside = globSync(`${folder}/*/`, { cwd: root }).map((path) => basename(path));
    for (const name of inside) expect(map.get(folder), name).toContain(`\`${name}\``);
  });
});

describe('the way of one command', () => {
  const steps = sectionOf('One command, from route to table')
    .split(/^\d+\. /m)
    .slice(1)
    .map((step) => [...step.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
  const files = steps.map(([file = '']) => file);

  it('names files that exist, and what they hold', () => {
    expect(files.length).toBeGreaterThan(10);
    for (const [file = '', ...names] of steps) {
      expect(existsSync(join(root, file)), file).toBe(true);
      for (const name of names) expect(textOf(file), `${file}: ${name}`).toContain(name);
    }
  });

  it.each(files.slice(1).map((file, index) => [file, index] as const))(
    'leads to %s',
    (file, index) => {
      const before = files.slice(0, index + 1);
      const imported = before.some((step) => importsOf(step).includes(file));
      // A handler imports the message that it answers, an implementation the port that it fills.
      const answers = importsOf(file).includes(files[index] ?? '');
      expect(imported || answers).toBe(true);
    },
  );
});

/** Files that a file imports, with those that an index it imports passes on. */
function importsOf(file: string): string[] {
  const modules = [...textOf(file).matchAll(/\bfrom '(\.[^']+)'/g)].map(([, module = '']) =>
    join(dirname(file), module).replaceAll('\\', '/'),
  );
  return modules.flatMap((module) =>
    module.endsWith('/index.ts') ? [module, ...importsOf(module)] : [module],
  );
}
