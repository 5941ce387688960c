import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(import.meta.dirname));
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: root });

describe('documentation', () => {
  it('has the pages that are checked here', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'docs/api.md']));
    expect(pages.filter((page) => page.startsWith('docs/decisions/')).length).toBeGreaterThan(20);
  });

  it('links only to files that exist, and to headings that they have', () => {
    const broken = pages.flatMap((page) =>
      linksOf(page)
        .filter(({ path, heading }) => {
          const file = path === '' ? page : join(dirname(page), path);
          if (!existsSync(join(root, file))) return true;
          return heading !== '' && !headingsOf(file).includes(heading);
        })
        .map(({ path, heading }) => `${page}: ${path}${heading && `#${heading}`}`),
    );
    expect(broken).toEqual([]);
  });

  it('names only paths of the repository that exist', () => {
    const missing = pages.flatMap((page) =>
      pathsIn(readFileSync(join(root, page), 'utf8'))
        .filter((path) => globSync(path, { cwd: root }).length === 0)
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });
});

function linksOf(page: string): { path: string; heading: string }[] {
  const links = textOf(page).matchAll(/\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]*))?\)/g);
  return [...links].map(([, path = '', heading = '']) => ({ path: decodeURI(path), heading }));
}

/** The headings of a page as GitHub makes anchors of them. */
function headingsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Without code blocks, in which a bracket or a # is no Markdown. */
function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8').replaceAll(/```[\s\S]*?```/g, '');
}

/** Paths of ours that a page names as code or has people run. */
function pathsIn(text: string): string[] {
  const named = text.matchAll(/`((?:src|scripts|test|docs|examples|docker)\/[\w./*{},-]+)`/g);
  const run = text.matchAll(/\bnode ((?:src|scripts)\/[\w./-]+|\w+\.ts)\b/g);
  return [...named, ...run].map(([, path = '']) => path);
}
