import { writeFile } from 'node:fs/promises';
import { renderKpiDoc } from './docs/kpis.ts';

const DOC = new URL('../docs/kpis.md', import.meta.url);

await writeFile(DOC, renderKpiDoc());
console.log('docs/kpis.md written');
