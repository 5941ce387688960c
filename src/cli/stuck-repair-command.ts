import type { Command } from 'commander';
import type { BatonClient } from '../client/index.ts';
import { type CliDeps, FailureError, UsageError } from './cli-deps.ts';
import { type ConnectionOptions, connect, printAnswer, withConnection } from './connection.ts';

type Order = Parameters<BatonClient['audit']['repairMany']>[0];

interface RepairOptions extends ConnectionOptions {
  all?: boolean;
  finding?: string;
  code?: string;
  item?: string;
  repair: Order['repair'];
  reason: string;
  with?: string;
  dryRun?: boolean;
}

type Result = Awaited<ReturnType<BatonClient['audit']['repairMany']>>['results'][number];

/** Adds `stuck repair`. */
export function addStuckRepairCommand(stuck: Command, deps: CliDeps): void {
  withConnection(
    stuck
      .command('repair')
      .description('carry out a repair of one finding, or of all (as the admin)'),
  )
    .option('--finding <id>', 'the finding')
    .option('--all', 'every finding that offers the repair, page by page')
    .option('--code <code>', 'with --all: only findings of this code')
    .option('--item <id>', 'with --all: only what is about this item')
    .requiredOption('--repair <name>', 'what to do, as the finding offers it')
    .requiredOption('--reason <text>', 'why; it is recorded')
    .option('--with <json>', 'what the repair needs besides, as its command takes it')
    .option('--dry-run', 'only say what would be done')
    // Options that `stuck` has, too, are read by it wherever they stand.
    .action((_, command: Command) => repair(command.optsWithGlobals<RepairOptions>(), deps));
}

async function repair(options: RepairOptions, deps: CliDeps): Promise<void> {
  const client = connect(options, deps, { usually: 'admin' });
  const { repair, reason, dryRun = false } = options;
  const order = { repair, reason, dryRun, with: readWith(options.with) };
  if ((options.finding === undefined) === (options.all !== true)) {
    throw new UsageError('which? Give --finding ID, or --all');
  }
  const results =
    options.finding === undefined
      ? await repairAll(client, deps, options, order)
      : [await client.audit.repair(options.finding, order)];
  printAnswer(deps, options, results, results.map(resultText).join('\n') || 'Nothing to repair.');
  const failed = results.filter(({ outcome }) => outcome === 'not_possible').length;
  if (failed > 0) throw new FailureError(`not possible: ${failed} of ${results.length}`);
}

function readWith(text: string | undefined): Order['with'] {
  if (text === undefined) return undefined;
  try {
    const given: unknown = JSON.parse(text);
    if (typeof given === 'object' && given !== null && !Array.isArray(given)) {
      return given as Record<string, unknown>;
    }
  } catch {
    // Said below, as of any other text that is no object.
  }
  throw new UsageError(`--with takes a JSON object, such as '{"memberId": "mbr_1"}'`);
}

async function repairAll(
  client: BatonClient,
  { printError }: CliDeps,
  { code, item: itemId }: RepairOptions,
  order: Pick<Order, 'repair' | 'reason' | 'dryRun' | 'with'>,
): Promise<Result[]> {
  const results: Result[] = [];
  // The API names the codes that there are.
  const filter = { code, itemId } as Order['filter'];
  let cursor: string | undefined;
  do {
    const page = await client.audit.repairMany({ filter, ...order, cursor });
    results.push(...page.results);
    for (const { what, why } of page.couldNotAsk) printError(`could not ask: ${what} (${why})`);
    cursor = page.nextCursor ?? undefined;
    if (cursor !== undefined) printError(`${results.length} so far`);
  } while (cursor !== undefined);
  return results;
}

function resultText(result: Result): string {
  const { outcome, itemId, findingId, changes, error, unmet = [], stillFound } = result;
  return [
    `${outcome}  ${itemId ?? findingId}`,
    ...changes.map((change) => `  ${change}`),
    ...(error === undefined ? [] : [`  ${error}`]),
    ...unmet.map(({ code, message }) => `  ${code}: ${message}`),
    ...(outcome === 'done' && stillFound === true ? ['  it still stands'] : []),
  ].join('\n');
}
