import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(import.meta.dirname));
/** The articles under examples/ are content, not documentation. */
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/README.md'], { cwd: root });

const LINE = 100;
const PARAGRAPH = 600;
const README_LINES = 200;

describe('the prose of the documentation', () => {
  it(`has lines of ${LINE} characters at most, unless one cannot be broken`, () => {
    const long = pages.flatMap((page) =>
      proseOf(page)
        .filter(({ text }) => text.length > LINE && isBreakable(text))
        .map(({ line }) => `${page}:${line}`),
    );
    expect(long).toEqual([]);
  });

  it(`has paragraphs of ${PARAGRAPH} characters at most`, () => {
    const long = pages.flatMap((page) =>
      paragraphsOf(page)
        .filter(({ text }) => text.length > PARAGRAPH)
        .map(({ line, text }) => `${page}:${line} has ${text.length}`),
    );
    expect(long).toEqual([]);
  });

  it(`has a README of ${README_LINES} lines at most`, () => {
    const lines = readFileSync(join(root, 'README.md'), 'utf8').trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(README_LINES);
  });
});

interface Numbered {
  line: number;
  text: string;
}

/** Lines that are neither code nor table nor heading; an empty one separates. */
function proseOf(page: string): Numbered[] {
  let isCode = false;
  return readFileSync(join(root, page), 'utf8')
    .split('\n')
    .map((text, index) => {
      const isFence = /^\s*```/.test(text);
      if (isFence) isCode = !isCode;
      const isProse = !isFence && !isCode && !/^\s*(?:\||#|<!--)/.test(text);
      return { line: index + 1, text: isProse ? text : '' };
    });
}

function paragraphsOf(page: string): Numbered[] {
  const paragraphs: Numbered[] = [];
  let open: Numbered | null = null;
  for (const { line, text } of proseOf(page)) {
    const words = text.trim();
    if (open !== null && words !== '' && !/^(?:[-*]|\d+\.) /.test(words)) {
      open.text += ` ${words}`;
    } else {
      open = words === '' ? null : { line, text: words };
      if (open !== null) paragraphs.push(open);
    }
  }
  return paragraphs;
}

/** Code spans and links stay in one piece; a list's mark and the first word do too. */
function isBreakable(text: string): boolean {
  return /\S\s+\S/.test(text.replace(/^\s*(?:[-*]|\d+\.) /, '').replaceAll(/`[^`]*`/g, 'code'));
}
