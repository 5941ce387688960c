import type { Command } from 'commander';
import type { CliDeps } from './cli-deps.ts';
import { type ConnectionOptions, connect, withConnection } from './connection.ts';
import { json, readNames } from './item-commands.ts';
import { findingsText } from './print-findings.ts';

/** Adds `stuck`. */
export function addStuckCommand(program: Command, deps: CliDeps): void {
  withConnection(
    program.command('stuck').description('what is stuck, since when, waiting on whom, and repairs'),
  ).action(async (options: ConnectionOptions) => {
    const client = connect(options, deps, { usually: 'strategist' });
    const [audit, names] = await Promise.all([client.audit.stuck(), readNames(client)]);
    deps.print(options.json ? json(audit) : findingsText(audit, names));
  });
}
