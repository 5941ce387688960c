import type { Command } from 'commander';
import type { CliDeps } from './cli-deps.ts';

/** Adds `engine setup`: what a namespace needs before a worker may poll it. */
export function addEngineCommand(program: Command, deps: CliDeps): void {
  program
    .command('engine')
    .description("the engine's namespace that TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE name")
    .command('setup')
    .description('register what runs show to the operators of the engine; safe to run again')
    .action(async () => {
      const { namespace, added } = await deps.engine.setUp();
      deps.print(
        added.length === 0
          ? `${namespace}: every search attribute is there`
          : `${namespace}: added the search attributes ${added.join(', ')}`,
      );
    });
}
