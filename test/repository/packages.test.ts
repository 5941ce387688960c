import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const root = dirname(dirname(import.meta.dirname));
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

const Manifest = z.object({
  version: z.string(),
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
});
const baton = Manifest.parse(JSON.parse(textOf('package.json')));
const client = Manifest.parse(JSON.parse(textOf('packages/client/package.json')));

describe('the packages', () => {
  it('have one version, which the changelog opens with', () => {
    expect(client.version).toBe(baton.version);
    expect(/^## \[(.+)\]/m.exec(textOf('CHANGELOG.md'))?.[1]).toBe(baton.version);
  });

  it('use one version of what both need', () => {
    const versions = Object.keys(client.dependencies).map((name) => [
      name,
      baton.dependencies[name],
    ]);
    expect(client.dependencies).toEqual(Object.fromEntries(versions));
  });

  it('let the client have every package that its code imports', () => {
    const sources = globSync('src/client/*.ts', { cwd: root }).filter(
      (file) => !file.endsWith('.test.ts'),
    );
    const imported = sources.flatMap((file) =>
      [...textOf(file).matchAll(/^import [^;]*? from '([^.'][^'/]*)/gm)].map(([, name]) => name),
    );
    expect([...new Set(imported)].toSorted()).toEqual(Object.keys(client.dependencies));
  });

  it('name a Node for each platform as the bin looks for it', () => {
    const platforms = Object.keys(baton.optionalDependencies).flatMap(
      (name) => /^node(?:-bin)?-((?:darwin|linux|win)-(?:arm64|x64))$/.exec(name)?.[1] ?? [],
    );
    expect(platforms.toSorted()).toEqual([
      'darwin-arm64',
      'darwin-x64',
      'linux-arm64',
      'linux-x64',
      'win-x64',
    ]);
  });
});
