import type { Command } from 'commander';
import type { CliDeps } from './cli-deps.ts';
import {
  type ConnectionOptions,
  connect,
  json,
  printAnswer,
  withConnection,
} from './connection.ts';
import { writeSecret } from './secret-file.ts';
import { textTable } from './text-table.ts';

type Client = ReturnType<typeof connect>;
type NewSubscription = Parameters<Client['subscriptions']['add']>[0];
type Subscription = Awaited<ReturnType<Client['subscriptions']['get']>>;
type Delivery = Awaited<ReturnType<Client['subscriptions']['test']>>;
type State = Delivery['state'];

type CreateOptions = ConnectionOptions & {
  to: string;
  types: string;
  stage?: string;
  role?: string;
  campaign?: string;
  description: string;
  save?: string;
};

/** Adds `subscriptions` and what can be done to one. */
export function addSubscriptionCommands(program: Command, deps: CliDeps): void {
  const group = program
    .command('subscriptions')
    .description('who is told of what, by webhook (as the admin)');
  const add = (usage: string, description: string) =>
    withConnection(group.command(usage).description(description));
  const client = (options: ConnectionOptions) => connect(options, deps, { usually: 'admin' });
  const show = (options: ConnectionOptions, row: Subscription) =>
    printAnswer(deps, options, row, subscriptionsText([row]));

  add('list', 'subscriptions, oldest first').action(async (options: ConnectionOptions) => {
    const page = await client(options).subscriptions.list();
    printAnswer(deps, options, page, subscriptionsText(page.items));
  });
  add('create', 'have events delivered to an address')
    .requiredOption('--to <url>', 'address that deliveries are posted to, https')
    .option('--types <names>', 'types of events, by commas; * for all', '*')
    .option('--stage <stage>', 'only of items in this stage')
    .option('--role <role>', 'only where this role is asked or acts')
    .option('--campaign <id>', 'only of items of this campaign')
    .option('--description <text>', 'what it is for', '')
    .option('--save <file>', 'write the secret there (mode 0600) instead of printing it')
    .action((options: CreateOptions) => create(client(options), options, deps));
  add('pause <id>', 'keep what comes until it goes on').action(
    async (id: string, options: ConnectionOptions) =>
      show(options, await client(options).subscriptions.change(id, { active: false })),
  );
  add('resume <id>', 'go on, with what came meanwhile').action(
    async (id: string, options: ConnectionOptions) =>
      show(options, await client(options).subscriptions.change(id, { active: true })),
  );
  add('rotate <id>', 'a new secret; deliveries carry both signatures for 24 hours').action(
    async (id: string, options: ConnectionOptions) => {
      const answer = await client(options).subscriptions.rotate(id);
      printAnswer(deps, options, answer, `${answer.secret}  (shown this once)`);
    },
  );
  add('test <id>', 'deliver a webhook.test at once').action(
    async (id: string, options: ConnectionOptions) => {
      const delivery = await client(options).subscriptions.test(id);
      printAnswer(deps, options, delivery, deliveriesText([delivery]));
    },
  );
  add('deliveries <id>', 'what was and is to be delivered, newest first')
    .option('--state <state>', 'pending, failed, delivered or exhausted')
    .action(async (id: string, options: ConnectionOptions & { state?: State }) => {
      const { state } = options;
      const page = await client(options).subscriptions.deliveries(id, { ...(state && { state }) });
      printAnswer(deps, options, page, deliveriesText(page.items));
    });
  add('replay <id> <delivery>', 'deliver once more, under the same webhook-id').action(
    async (id: string, deliveryId: string, options: ConnectionOptions) => {
      const delivery = await client(options).subscriptions.replay(id, deliveryId);
      printAnswer(deps, options, delivery, deliveriesText([delivery]));
    },
  );
  add('delete <id>', 'end it, with everything that it still waits for').action(
    async (id: string, options: ConnectionOptions) => {
      await client(options).subscriptions.remove(id);
      deps.print(options.json ? json({ id }) : `${id} is ended`);
    },
  );
}

async function create(client: Client, options: CreateOptions, deps: CliDeps): Promise<void> {
  const { to, types, stage, role, campaign, description, save } = options;
  const filter = {
    ...(stage !== undefined && { stage }),
    ...(role !== undefined && { role }),
    ...(campaign !== undefined && { campaignId: campaign }),
  };
  // The API's schema judges the names.
  const asked = { url: to, types: types.split(',').map((one) => one.trim()), filter, description };
  const { secret, ...made } = await client.subscriptions.add(asked as NewSubscription);
  if (save === undefined) {
    const text = `${subscriptionsText([made])}\n  ${secret}  (shown this once)`;
    return printAnswer(deps, options, { ...made, secret }, text);
  }
  writeSecret(save, `${json({ id: made.id, secret })}\n`);
  printAnswer(deps, options, made, subscriptionsText([made]));
}

function subscriptionsText(rows: readonly Subscription[]): string {
  return textTable(
    rows.map(({ id, url, types, stopped }) => [id, stopped ?? 'active', url, types.join(', ')]),
  );
}

function deliveriesText(rows: readonly Delivery[]): string {
  return textTable(
    rows.map(({ id, type, state, attempts, nextAttemptAt }) => {
      const last = attempts.at(-1);
      const outcome = last === undefined ? '' : String(last.status ?? last.error);
      return [id, type, state, outcome, nextAttemptAt === undefined ? '' : `next ${nextAttemptAt}`];
    }),
  );
}
