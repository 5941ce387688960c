/**
 * Loaded before a program (`node --import`): an import of a module, of the program or of a part that is
 * named, gets another one in its place. So the lines run `worker.ts` and `src/api/server.ts` as they are, with one part replaced, and no
 * part of what is deployed has a switch that takes its protection away.
 */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

const Replacements = z.array(
  z.object({ importer: z.string().nullable(), module: z.string(), by: z.string() }),
);

const wanted = Replacements.parse(JSON.parse(process.env['RELIABILITY_REPLACE'] ?? '[]')).map(
  ({ importer, module, by }) => ({
    importer: importer === null ? null : pathToFileURL(importer).href,
    module: module.startsWith('node:') ? module : pathToFileURL(module).href,
    by: pathToFileURL(by).href,
  }),
);

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    const found = wanted.find(
      ({ importer, module, by }) =>
        resolved.url === module &&
        (importer === null ? context.parentURL !== by : context.parentURL === importer),
    );
    return found === undefined ? resolved : nextResolve(found.by, context);
  },
});
