import type { Command } from 'commander';
import type { CliDeps } from './cli-deps.ts';
import { type ConnectionOptions, connect, printAnswer, withConnection } from './connection.ts';
import { time } from './print-item.ts';
import { textTable } from './text-table.ts';

interface NoticesOptions extends ConnectionOptions {
  all?: boolean;
  markRead?: boolean;
}

/** Adds `notices`. */
export function addNoticesCommand(program: Command, deps: CliDeps): void {
  withConnection(
    program
      .command('notices')
      .description('what you are told and have not read, newest first')
      .option('--all', 'also what you have read')
      .option('--mark-read', 'mark what is printed, and all before it, as read'),
  ).action(async (options: NoticesOptions) => {
    const { notices } = connect(options, deps);
    const unread = options.all === true ? 'false' : 'true';
    const page = await notices.list({ unread, limit: 50 });
    const rows = page.items.map(({ at, kind, text, itemId }) => [
      time(at),
      kind,
      text,
      itemId ?? '',
    ]);
    const text = rows.length === 0 ? 'nothing that you have not read' : textTable(rows);
    printAnswer(deps, options, page, text);
    const [newest] = page.items;
    if (options.markRead === true && newest !== undefined) {
      await notices.readAll({ until: newest.at });
    }
  });
}
