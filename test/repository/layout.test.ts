import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = dirname(dirname(import.meta.dirname));
const sources = globSync('src/**/*.{ts,sql}', { cwd: root }).filter(
  (file) => !/\.test(?:suite)?\.ts$/.test(file),
);

const FILES_PER_FOLDER = 25;
const LINES_PER_FILE = 300;
/** Tables of data: each entry is read by itself. */
const TABLES = ['src/domain/channel/channels.ts', 'src/domain/kpi/catalogue.ts'];

describe('the sources', () => {
  it('are a listing that one look takes in, in every folder', () => {
    const folders = Map.groupBy(sources, (file) => dirname(file));
    const full = [...folders].filter(([, files]) => files.length > FILES_PER_FOLDER);
    expect(full.map(([folder, files]) => `${folder}: ${files.length}`)).toEqual([]);
  });

  it('are files of less than 300 lines, but for tables', () => {
    const linesOf = (file: string) => readFileSync(join(root, file), 'utf8').split('\n').length;
    const long = sources.filter((file) => file.endsWith('.ts') && linesOf(file) > LINES_PER_FILE);
    expect(long.toSorted()).toEqual(TABLES);
  });
});
