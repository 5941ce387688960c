/**
 * Loaded before every program of a test run (`node --import`). To learn the format of a file, Node parses
 * the whole `exports` of its package again, for each file: drizzle-orm's are 170 kB, and loading its 106
 * files then costs half a second in each of the hundred processes that the tests start.
 */
import { registerHooks } from 'node:module';

const INSIDE = /\/node_modules\/drizzle-orm\/.*\.js$/;

registerHooks({
  resolve(specifier, context, nextResolve) {
    const { parentURL = '' } = context;
    if (!specifier.startsWith('.') || !INSIDE.test(parentURL))
      return nextResolve(specifier, context);
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true };
  },
});
