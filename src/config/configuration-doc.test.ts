import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { variablesWithFile } from './environment.ts';
import { apiVariables, workerVariables } from './variables.ts';

const root = dirname(dirname(import.meta.dirname));
const page = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');

describe('docs/configuration.md', () => {
  it('has a row for what API and worker read, with its programs, default and file', () => {
    const rows = rowsOf('API and worker').map(([name, program, byDefault, secret]) => ({
      name,
      program,
      byDefault,
      hasFile: secret?.endsWith('`_FILE`'),
    }));
    const read = Object.entries({ ...workerVariables.shape, ...apiVariables.shape }).map(
      ([name, schema]) => ({
        name,
        program: programsOf(name),
        byDefault: defaultOf(schema),
        hasFile: variablesWithFile.includes(name),
      }),
    );
    expect(rows.toSorted(byName)).toEqual(read.toSorted(byName));
  });

  it('names the variables of Temporal that the SDK reads and we use', () => {
    const directory = dirname(createRequire(import.meta.url).resolve('@temporalio/envconfig'));
    const source = sourceOf(globSync('*.js', { cwd: directory }), directory);
    const read = [...source.matchAll(/'(TEMPORAL_[A-Z_]+)'/g)]
      .map(([, name = '']) => (name.endsWith('_') ? `${name}*` : name))
      // A payload codec is set by no variable of ours: src/config.ts takes the connection only.
      .filter((name) => !name.startsWith('TEMPORAL_CODEC_'));
    expect(namesOf('Temporal')).toEqual([...new Set(read)].toSorted());
  });

  it('names what command line, local stack, demo and sandbox read', () => {
    const source = sourceOf(
      globSync(['src/cli/*.ts', 'scripts/{baton,demo,local}.ts', 'scripts/local/**/*'], {
        cwd: root,
        exclude: ['**/temporal-cli'],
      }),
    );
    const sandbox = sourceOf(['src/sandbox-network/server.ts']);
    const read = [
      ...source.matchAll(/\b(?:env|environment)(?:\.|\[')([A-Z][A-Z_]+)/g),
      ...sandbox.matchAll(/^ {2}(SANDBOX_[A-Z]+): z/gm),
    ].map(([, name = '']) => name.replace(/_FILE$/, ''));
    const known = new Set(read);
    // Where programs are looked for; and two of the worker's, which the local stack gives to it.
    for (const name of ['PATH', 'TASK_QUEUE', 'BATON_WORKFLOW_BUNDLE']) known.delete(name);
    expect(namesOf('Command line, demo and local stack')).toEqual([...known].toSorted());
  });

  it('names what docker-compose.yml takes from its environment', () => {
    const source = sourceOf(['docker-compose.yml']);
    const taken = new Set([...source.matchAll(/\$\{([A-Z_]+)/g)].map(([, name = '']) => name));
    const text = sectionOf('docker-compose.yml');
    expect([...taken].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
    expect(namesOf('docker-compose.yml').filter((name) => !taken.has(name))).toEqual([]);
  });
});

function sectionOf(title: string): string {
  const section = page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0];
  if (section === undefined) throw new Error(`the page has no section ${title}`);
  return section;
}

/** Cells of the rows of a section's tables that begin with a variable, without their code marks. */
function rowsOf(title: string): string[][] {
  return [...sectionOf(title).matchAll(/^\| (`[A-Z].*) \|$/gm)].map(([, row = '']) =>
    row.split(' | ').map((cell) => cell.replace(/^`([^`]+)`$/, '$1')),
  );
}

function namesOf(title: string): string[] {
  return [...new Set(rowsOf(title).map(([name = '']) => name))].toSorted();
}

function sourceOf(files: readonly string[], directory = root): string {
  return files.map((file) => readFileSync(join(directory, file), 'utf8')).join('\n');
}

function programsOf(name: string): string {
  const isOfApi = name in apiVariables.shape;
  if (!(name in workerVariables.shape)) return 'API';
  return isOfApi ? 'API, worker' : 'worker';
}

function defaultOf(schema: z.ZodType): string {
  const { success, data } = schema.safeParse(undefined);
  if (!success) return 'required';
  if (typeof data === 'boolean') return data ? '1' : '0';
  return data === undefined || (Array.isArray(data) && data.length === 0) ? 'none' : String(data);
}

function byName(one: { name?: string | undefined }, other: { name?: string | undefined }): number {
  return (one.name ?? '').localeCompare(other.name ?? '');
}
