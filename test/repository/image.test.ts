import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { imageCopies } from '../support/image.ts';

const root = dirname(dirname(import.meta.dirname));
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('the image', () => {
  const programs = namedPrograms();
  const { files, packages } = reachedFrom(programs);

  it('is asked for the programs that production runs', () => {
    expect(programs.toSorted()).toEqual([
      'scripts/baton.ts',
      'scripts/migrate.ts',
      'scripts/reseal.ts',
      'scripts/worker-health.ts',
      'src/api/server.ts',
      'worker.ts',
    ]);
  });

  it('has every file that they import, where they look for it', () => {
    const copies = imageCopies();
    const missing = files.filter(
      (file) =>
        !copies.some(
          ({ source, target }) =>
            source === target && (file === source || file.startsWith(`${source}/`)),
        ),
    );
    expect(missing).toEqual([]);
  });

  it('is not kept from any of them by .dockerignore', () => {
    const ignored = textOf('.dockerignore').trim().split('\n');
    // Patterns with a star match only in the root, where the one program is worker.ts.
    expect(ignored.filter((line) => line.includes('*'))).toEqual(['*.log', '*.md']);
    const withheld = files.filter((file) =>
      ignored.some((line) => file === line || file.startsWith(`${line}/`)),
    );
    expect(withheld).toEqual([]);
  });

  it('has every package that they import, because none is only for development or optional', () => {
    const { dependencies } = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(textOf('package.json')));
    expect(packages).toContain('commander');
    expect(packages.filter((name) => !(name in dependencies))).toEqual([]);
  });
});

/** Programs that Dockerfile, docker-compose.yml and docs/production.md start. */
function namedPrograms(): string[] {
  const started = [
    ...(textOf('Dockerfile') + textOf('docker-compose.yml')).matchAll(/"node", "([\w/.-]+\.ts)"/g),
    ...textOf('docs/production.md').matchAll(/\bnode ([\w/.-]+\.ts)\b/g),
  ];
  return [...new Set(started.map(([, program = '']) => program))];
}

/** Every file of the checkout that programs load, themselves included, and every package. */
function reachedFrom(programs: readonly string[]): { files: string[]; packages: string[] } {
  const files = new Set(programs);
  const packages = new Set<string>();
  // A set that grows while it is walked: what is added is visited too.
  for (const file of files) {
    for (const module of importsOf(textOf(file))) {
      if (module.startsWith('.')) files.add(join(dirname(file), module).replaceAll('\\', '/'));
      else if (!module.startsWith('node:')) packages.add(packageOf(module));
    }
  }
  return { files: [...files], packages: [...packages] };
}

/** Modules that a file loads when it runs; types are gone by then. */
function importsOf(text: string): string[] {
  const statements = [
    ...text.matchAll(/^(?:import|export)\b(?! type\b)[^;]*?\bfrom '([^']+)'/gm),
    ...text.matchAll(/^import '([^']+)'/gm),
    ...text.matchAll(/\bimport\('([^']+)'\)/g),
  ];
  return statements.map(([, module = '']) => module);
}

function packageOf(module: string): string {
  const [scope = '', name = ''] = module.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}
