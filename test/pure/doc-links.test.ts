import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(import.meta.dirname));

describe('documentation', () => {
  it('links only to files that exist', () => {
    const files = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: root });
    const broken = files.flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8').replaceAll(/```[\s\S]*?```/g, '');
      const targets = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)/g)];
      return targets
        .map(([, target]) => decodeURI(target ?? ''))
        .filter((target) => !existsSync(join(root, dirname(file), target)))
        .map((target) => `${file}: ${target}`);
    });
    expect(broken).toEqual([]);
  });

  it('names only paths of the repository that exist', () => {
    const files = globSync(['README.md', 'docs/architecture.md', 'docs/guides/**/*.md'], {
      cwd: root,
    });
    const missing = files.flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const paths = [...text.matchAll(/`((?:src|scripts|test|docs|examples)\/[\w./-]+)`/g)];
      return paths
        .map(([, path]) => path ?? '')
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${file}: ${path}`);
    });
    expect(missing).toEqual([]);
  });
});
