import type { Command } from 'commander';
import type { CliDeps } from './cli-deps.ts';
import { textTable } from './text-table.ts';

/** Adds `tidy`: what the schedule does every six hours, at once or only counted. */
export function addTidyCommand(program: Command, deps: CliDeps): void {
  program
    .command('tidy')
    .description('remove what is kept no longer (KEEP_*_DAYS), as the schedule does by itself')
    .option('--dry-run', 'only say how much that is', false)
    .action(async ({ dryRun: isDryRun }: { dryRun: boolean }) => {
      const tidied = await deps.tidier.tidy({ isDryRun });
      const counts = Object.entries(tidied);
      if (counts.length === 0) return deps.print('nothing is over');
      const rows = counts.map(([what, count]) => [what, String(count)]);
      const head = [isDryRun ? 'would go' : 'gone', ''];
      deps.print(textTable([head, ...rows], { right: [1] }));
    });
}
