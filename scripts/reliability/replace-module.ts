/**
 * Loaded before a program (`node --import`): the program's own import of a module gets another one in its
 * place. So the lines run `worker.ts` and `src/api/server.ts` as they are, with one part replaced, and no
 * part of what is deployed has a switch that takes its protection away.
 */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

const Replacements = z.array(z.object({ program: z.string(), module: z.string(), by: z.string() }));

const wanted = Replacements.parse(JSON.parse(process.env['RELIABILITY_REPLACE'] ?? '[]')).map(
  ({ program, module, by }) => ({
    program: pathToFileURL(program).href,
    module: pathToFileURL(module).href,
    by: pathToFileURL(by).href,
  }),
);

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    const found = wanted.find(
      ({ program, module }) => context.parentURL === program && resolved.url === module,
    );
    return found === undefined ? resolved : { ...resolved, url: found.by };
  },
});
