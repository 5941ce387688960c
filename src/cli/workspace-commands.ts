import type { Command } from 'commander';
import type { CliDeps, MadeWorkspace, NewWorkspace } from './cli-deps.ts';
import { json } from './connection.ts';
import { textTable } from './text-table.ts';

interface WorkspaceOptions {
  name: string;
  admin: string;
  zone: string;
  country: string;
  json?: boolean;
}

/** Adds `admin init` and `workspace create`: they write to the database, because nobody has a key yet. */
export function addWorkspaceCommands(program: Command, deps: CliDeps): void {
  const { workspaces } = deps;
  withPlan(
    program
      .command('admin')
      .description('set a database up')
      .command('init')
      .description(
        'bring a new database (DATABASE_URL) to the newest version and make its first workspace',
      ),
  ).action((options: WorkspaceOptions) => make(options, deps, (plan) => workspaces.init(plan)));

  withPlan(
    program
      .command('workspace')
      .description('workspaces of the database')
      .command('create')
      .description(
        'make another workspace, in DATABASE_URL or the running local stack, and print an admin key',
      ),
  ).action((options: WorkspaceOptions) => make(options, deps, (plan) => workspaces.create(plan)));
}

function withPlan(command: Command): Command {
  return command
    .requiredOption('--name <text>', 'name of the workspace')
    .option('--admin <text>', 'name of its first admin', 'Admin')
    .option('--zone <zone>', 'time zone of its business hours', 'Europe/Paris')
    .option('--country <code>', 'country whose public holidays it keeps', 'FR')
    .option('--json', 'print JSON');
}

async function make(
  { name, admin, zone, country, json: asJson }: WorkspaceOptions,
  deps: CliDeps,
  work: (plan: NewWorkspace) => Promise<MadeWorkspace>,
): Promise<void> {
  const made = await work({ name, adminName: admin, zone, country });
  deps.print(asJson ? json(made) : workspaceText(made));
}

function workspaceText({ workspaceId, name, admin }: MadeWorkspace): string {
  const rows = [
    ['admin', `${admin.name} (${admin.memberId})`],
    ['key', `${admin.key}  (shown this once)`],
  ];
  return `${workspaceId}  ${name}\n${textTable(rows, { indent: 2 })}`;
}
