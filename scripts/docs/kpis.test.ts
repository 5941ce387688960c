import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { renderKpiDoc } from './kpis.ts';

it('docs/kpis.md says what the catalogue says: `node scripts/docs-kpis.ts` writes it', async () => {
  const written = await readFile(new URL('../../docs/kpis.md', import.meta.url), 'utf8');
  expect(written).toBe(renderKpiDoc());
});
