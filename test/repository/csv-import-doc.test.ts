import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LONGEST_ROW } from '../../src/api/imports/blocks.ts';
import { MOST_ROWS } from '../../src/api/imports/read-file.ts';
import { SHIPPED_MAPPINGS } from '../../src/api/imports/shipped/shipped.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/csv-import.md'), 'utf8');

const code = (names: readonly string[]) =>
  [...new Set(names)].map((name) => `\`${name}\``).join(', ');

it('the page has a row for every mapping that is shipped, as it is', () => {
  const rows = SHIPPED_MAPPINGS.map(({ id, title, mapping: { match, measures } }) => {
    const kinds = code(match.map(({ by }) => by));
    return `| \`${id}\` | ${title} | ${kinds} | ${code(measures.map(({ measure }) => measure))} |`;
  });
  const [, table = ''] = page.split('| Mapping | Export |');
  const [, ...shown] = (table.split('\n\n')[0] ?? '').split('\n').slice(1);
  expect(shown).toEqual(rows);
});

it('the page has the bounds that hold', () => {
  const rows = MOST_ROWS.toLocaleString('en');
  expect(page).toContain(`${rows} rows, ${LONGEST_ROW / 1_024} KiB a row`);
});
