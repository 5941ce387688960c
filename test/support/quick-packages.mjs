/**
 * Loaded before every program of a test run (`node --import`). To resolve a name in a package, and to learn the
 * format of its files, Node parses the whole `exports` of the package again, each time: drizzle-orm's are
 * 170 kB, and with its 106 files that costs half a second in each of the hundred processes that the tests start.
 */
import { registerHooks } from 'node:module';
import { promiseHooks } from 'node:v8';

const INSIDE = /\/node_modules\/(?:drizzle-orm|hono)\/(?!dist\/cjs\/).*\.js$/;
const BY_NAME = /^drizzle-orm(?:\/|$)/;

const found = new Map();

registerHooks({
  resolve(specifier, context, nextResolve) {
    const { parentURL = '' } = context;
    if (specifier.startsWith('.') && INSIDE.test(parentURL)) {
      return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true };
    }
    if (!BY_NAME.test(specifier)) return nextResolve(specifier, context);
    const resolved = found.get(specifier) ?? nextResolve(specifier, context);
    found.set(specifier, resolved);
    return { ...resolved, shortCircuit: true };
  },
});

/**
 * The engine's library keeps the stack of every promise of a workflow, for a view that no test asks for:
 * a quarter of what a replay computes.
 */
promiseHooks.createHook = () => () => {};
