import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(import.meta.dirname));
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Every recipe, and how the code names its example. */
const RECIPES: Record<string, RegExp> = {
  'A channel': /'bluesky'|\bbluesky:|\bBLUESKY\b/,
  'A source of readings': /'goatcounter'|\bGOATCOUNTER\b/,
  'A stage': /'scheduled'|\bscheduled:/,
  'A command': /\backnowledge_revision\b|\backnowledgeRevision\b/,
  'A KPI': /\bpages_per_session\b/,
  'A route': /\broleRoutes\b|\bv1\.roles\b/,
  'A requirement': /\brevision_past_limit\b/,
  'A finding': /\bowner_absent\b|\bABSENT_OWNERS\b/,
  'A language': /\.fr\.ts'|'fr'|\bfr:|_FR\b/,
};

const sources = globSync('src/**/*.ts', { cwd: root }).filter(
  (file) => !/\.test(?:suite)?\.ts$/.test(file),
);
const sections = textOf('CONTRIBUTING.md')
  .split(/^### /m)
  .slice(1)
  .map((section) => section.split('\n## ')[0] ?? '');

describe('CONTRIBUTING.md', () => {
  it('has every recipe, and no other', () => {
    expect(sections.map((section) => section.split('\n')[0])).toEqual(Object.keys(RECIPES));
  });

  it.each(Object.entries(RECIPES))(
    '%s: lists every file that knows the example',
    (title, example) => {
      const section = sections.find((one) => one.startsWith(`${title}\n`)) ?? '';
      const listed = [...section.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file = '']) => file);
      const known = sources.filter((file) => example.test(textOf(file)));
      expect(listed.toSorted()).toEqual(known.toSorted());
    },
  );
});
