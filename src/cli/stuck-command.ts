import type { Command } from 'commander';
import { allOf, type BatonClient, type FindingRecord, type StuckAudit } from '../client/index.ts';
import type { CliDeps } from './cli-deps.ts';
import { type ConnectionOptions, connect, printAnswer, withConnection } from './connection.ts';
import { readNames } from './item-commands.ts';
import { closedFindingsText, findingsText } from './print-findings.ts';
import { addStuckRepairCommand } from './stuck-repair-command.ts';

type StuckOptions = ConnectionOptions & { item?: string; closed?: boolean };

/** Of the history, the latest. */
const CLOSED_AT_MOST = 200;

/** Adds `stuck`. */
export function addStuckCommand(program: Command, deps: CliDeps): void {
  const stuck = withConnection(
    program.command('stuck').description('what is stuck, since when, waiting on whom, and repairs'),
  );
  addStuckRepairCommand(stuck, deps);
  stuck
    .option('--item <id>', 'only what is about this item')
    .option('--closed', 'what was stuck and no longer is, the latest first')
    .action(async (options: StuckOptions) => {
      const client = connect(options, deps);
      if (options.closed === true) {
        const closed = await readClosed(client, options.item);
        printAnswer(deps, options, closed, closedFindingsText(closed));
        return;
      }
      const [audit, names] = await Promise.all([
        readAudit(client, options.item),
        readNames(client),
      ]);
      printAnswer(deps, options, audit, findingsText(audit, names));
    });
}

async function readClosed(
  client: BatonClient,
  itemId: string | undefined,
): Promise<FindingRecord[]> {
  const page = await client.audit.findings({ open: 'false', limit: CLOSED_AT_MOST, itemId });
  return page.items;
}

async function readAudit(client: BatonClient, itemId: string | undefined) {
  const items: StuckAudit['items'] = [];
  let couldNotAsk: StuckAudit['couldNotAsk'] = [];
  const pages = allOf(async (cursor) => {
    const page = await client.audit.stuck({ limit: 200, itemId, cursor });
    couldNotAsk = page.couldNotAsk;
    return page;
  });
  for await (const finding of pages) items.push(finding);
  return { items, couldNotAsk };
}
