import { writeFile } from 'node:fs/promises';
import { renderMachineDoc } from './docs/machine.ts';

const DOC = new URL('../docs/machine.md', import.meta.url);

await writeFile(DOC, renderMachineDoc());
console.log('docs/machine.md written');
