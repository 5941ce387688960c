import type { Command } from 'commander';
import { wholeList } from '../client/index.ts';
import type { CliDeps } from './cli-deps.ts';
import { type ConnectionOptions, connect, printAnswer, withConnection } from './connection.ts';
import { textTable } from './text-table.ts';

type CreateOptions = ConnectionOptions & {
  role: string;
  name: string;
  email?: string;
  expiresAt?: string;
};

type Client = ReturnType<typeof connect>;
type NewLink = Parameters<Client['items']['addApprovalLink']>[1];

/** Adds `approval-link create`, `list` and `revoke`. */
export function addApprovalLinkCommands(program: Command, deps: CliDeps): void {
  const link = program
    .command('approval-link')
    .description('secret addresses by which somebody without an account decides once');

  withConnection(link.command('create <item>').description('make one, in review'))
    .requiredOption('--role <role>', 'the role that is asked, such as legal')
    .requiredOption('--name <text>', 'of whoever gets it')
    .option('--email <address>', 'theirs: two links to one address are one person')
    .option('--expires-at <instant>', 'in 14 days at most; in 7 when left out')
    .action(async (id: string, options: CreateOptions) => {
      const { role, name, email, expiresAt } = options;
      const wanted = {
        role,
        name,
        ...(email !== undefined && { email }),
        ...(expiresAt !== undefined && { expiresAt }),
      };
      // The API's schema judges the role.
      const made = await connect(options, deps).items.addApprovalLink(id, wanted as NewLink);
      printAnswer(deps, options, made, `${made.id}\n  ${made.url}  (shown this once)`);
    });

  withConnection(link.command('list <item>').description('what became of them')).action(
    async (id: string, options: ConnectionOptions) => {
      const { items } = connect(options, deps);
      const links = await wholeList((page) => items.approvalLinks(id, page));
      const rows = links.map((one) => [
        one.id,
        one.role,
        one.name,
        one.decision === undefined
          ? one.state
          : `${one.decision.decision}, ${one.decision.outcome}`,
        one.expiresAt,
      ]);
      printAnswer(deps, options, links, textTable(rows));
    },
  );

  withConnection(
    link.command('revoke <item> <link>').description('end one that was not used'),
  ).action(async (id: string, linkId: string, options: ConnectionOptions) => {
    await connect(options, deps).items.revokeApprovalLink(id, linkId);
    printAnswer(deps, options, { id: linkId, revoked: true }, `${linkId} is revoked`);
  });
}
