import { Command, CommanderError } from 'commander';
import { BatonError, BatonPendingError, BatonUnreachableError } from '../client/index.ts';
import { addActsCommand } from './acts-command.ts';
import { addApprovalLinkCommands } from './approval-link-commands.ts';
import { type CliDeps, FailureError, UsageError } from './cli-deps.ts';
import { addCodecServerCommand } from './codec-server-command.ts';
import { json } from './connection.ts';
import { addEngineCommand } from './engine-command.ts';
import { addEvidenceCommands } from './evidence-commands.ts';
import { addItemCommands } from './item-commands.ts';
import { addNoticesCommand } from './notices-command.ts';
import { addReleaseCommands } from './release-commands.ts';
import { addStuckCommand } from './stuck-command.ts';
import { addSubscriptionCommands } from './subscription-commands.ts';
import { textTable, withoutControls } from './text-table.ts';
import { addTidyCommand } from './tidy-command.ts';
import { addWebhookCommands } from './webhook-commands.ts';
import { addWorkspaceCommands } from './workspace-commands.ts';

/** Exit codes: it succeeded; it was refused or failed; it was not understood. */
const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/**
 * Runs one command line and prints its result.
 * @param args without the program's name
 * @returns the exit code: 0 done, 1 refused or failed, 2 not understood
 */
export async function runBaton(args: readonly string[], deps: CliDeps): Promise<number> {
  const program = createProgram(deps);
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.done;
  } catch (error) {
    return report(error, args, deps);
  }
}

function createProgram(deps: CliDeps): Command {
  const program = new Command('baton')
    .description('Content items from brief to KPI verdict, from the command line.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => deps.print(text.trimEnd()),
      writeErr: (text) => deps.printError(text.trimEnd()),
    })
    .addHelpText('after', '\nExit codes: 0 done, 1 refused or failed, 2 not understood.')
    .showHelpAfterError('(--help shows what there is)');
  addItemCommands(program, deps);
  addApprovalLinkCommands(program, deps);
  addStuckCommand(program, deps);
  addActsCommand(program, deps);
  addEvidenceCommands(program, deps);
  addNoticesCommand(program, deps);
  addWebhookCommands(program, deps);
  addSubscriptionCommands(program, deps);
  addWorkspaceCommands(program, deps);
  addCodecServerCommand(program, deps);
  addReleaseCommands(program, deps);
  addEngineCommand(program, deps);
  addTidyCommand(program, deps);
  return program;
}

function report(error: unknown, args: readonly string[], { printError }: CliDeps): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof UsageError) {
    printError(`baton: ${error.message}`);
    return EXIT.usage;
  }
  if (error instanceof BatonError) {
    printError(args.includes('--json') ? problemJson(error) : withoutControls(problemText(error)));
    return EXIT.failed;
  }
  if (
    error instanceof FailureError ||
    error instanceof BatonUnreachableError ||
    error instanceof BatonPendingError
  ) {
    printError(`baton: ${error.message}`);
    return EXIT.failed;
  }
  throw error;
}

function problemText({ status, code, detail, unmet, issues, requestId }: BatonError): string {
  const named = [
    ...unmet.map((one) => [one.code, one.message]),
    ...issues.map((one) => [one.path || 'body', one.message]),
  ];
  const text = named.length > 0 ? textTable(named, { indent: 2 }) : `  ${detail}`;
  const request = requestId === null ? '' : `\n  (${requestId})`;
  return `baton: ${status} ${code}\n${text}${request}`;
}

function problemJson(error: BatonError): string {
  const { status, code, detail, unmet, issues, requestId, commandId } = error;
  return json({ status, code, detail, unmet, issues, requestId, commandId });
}
