/**
 * `npm run api:compare -- BEFORE AFTER`: what two `/openapi.json` documents differ in besides texts.
 * Each is a file or the address of a running API. Ends with 1 when there is a difference.
 */
import { readFile } from 'node:fs/promises';
import { compareDocuments } from './api-document/compare.ts';

const [before, after] = process.argv.slice(2);
if (before === undefined || after === undefined) {
  console.error('usage: npm run api:compare -- BEFORE AFTER (files, or addresses of an API)');
  process.exit(2);
}
const differences = compareDocuments(await load(before), await load(after));
console.log(differences.length === 0 ? 'no difference besides texts' : differences.join('\n'));
process.exitCode = differences.length === 0 ? 0 : 1;

async function load(source: string): Promise<unknown> {
  if (!/^https?:/.test(source)) return JSON.parse(await readFile(source, 'utf8'));
  const response = await fetch(new URL('/openapi.json', source));
  if (!response.ok) throw new Error(`${source}: ${response.status}`);
  return response.json();
}
