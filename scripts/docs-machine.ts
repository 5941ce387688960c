import { writeFile } from 'node:fs/promises';
import { renderMachineDoc } from './docs/machine.ts';
import { plainMachine } from './docs/stately.ts';

const DOCS = new URL('../docs/', import.meta.url);

await writeFile(new URL('machine.md', DOCS), renderMachineDoc());
await writeFile(new URL('machine.json', DOCS), `${JSON.stringify(plainMachine(), null, 2)}\n`);
console.log('docs/machine.md and docs/machine.json written');
