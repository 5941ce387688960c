import { extname } from 'node:path';

/** Suffix of Baton's own programs: sources in a checkout, JavaScript in the installed package. */
const suffix = extname(import.meta.filename);

const isPackage = suffix === '.js';

/** What a person types to start the local stack, and the demo; options follow. */
export const START_COMMAND = isPackage ? 'npx baton start' : 'npm start --';
export const DEMO_COMMAND = isPackage ? 'npx baton demo' : 'npm run demo --';

/** Where a program of the checkout is, from its root or that of the package. */
export function ownProgram(source: string): string {
  return source.replace(/\.ts$/, suffix);
}
