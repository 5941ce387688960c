import { type Command, Option } from 'commander';
import { z } from 'zod';
import { randomId, signWebhook } from '../client/index.ts';
import { type CliDeps, UsageError } from './cli-deps.ts';
import { type ConnectionOptions, connect, json, withConnection } from './connection.ts';
import { memberOf, readCredentials } from './credentials.ts';
import { parseJson, readText } from './item-commands.ts';
import { writeSecret } from './secret-file.ts';
import { textTable } from './text-table.ts';

type EndpointOptions = ConnectionOptions & {
  member?: string;
  for?: string;
  kind: (typeof KINDS)[number];
  users?: string;
  secretFile?: string;
  decisions: string;
  name: string;
  save?: string;
};

interface SignOptions {
  endpoint?: string;
  address?: string;
  data: string;
  id?: string;
  headers?: boolean;
  json?: boolean;
}

const KINDS = ['standard', 'slack', 'github'] as const;

/** What `webhook endpoint create` saves and `webhook sign` reads. */
const SavedEndpoint = z.object({ id: z.string(), address: z.url(), secret: z.string() });

/** Adds `webhook sign` and `webhook endpoint create`. */
export function addWebhookCommands(program: Command, deps: CliDeps): void {
  const webhook = program.command('webhook').description('signed decisions from outside');

  withConnection(
    webhook
      .command('endpoint')
      .description('where decisions come in')
      .command('create')
      .description(
        'make an endpoint that acts for one member, or for users of Slack, as the admin',
      ),
  )
    .addOption(
      new Option(
        '--kind <name>',
        'who signs: a program of your own, Slack, or one that signs as GitHub',
      )
        .choices(KINDS)
        .default('standard'),
    )
    .option('--member <id>', 'the member it acts for')
    .option('--for <role>', 'the same, by role in the credentials file')
    .option('--users <pairs>', 'of Slack: its users and whom they are, as U0123=mbr_1,U0456=mbr_2')
    .option(
      '--secret-file <file>',
      'of Slack and GitHub: holds the secret that the other side made; `-` is the input',
    )
    .requiredOption(
      '--decisions <names>',
      'what it may decide, by commas: accept_handoff, decline_handoff, decide_approval, sign_off',
    )
    .option('--name <text>', 'what it is for', 'webhook')
    .option('--save <file>', 'write address and secret there (mode 0600) instead of printing them')
    .action((options: EndpointOptions) => createEndpoint(options, deps));

  webhook
    .command('sign')
    .description('sign a decision and print a curl command that sends it')
    .option('--endpoint <file>', 'file that `webhook endpoint create --save` wrote')
    .option('--address <url>', 'address of the endpoint; its secret is in BATON_WEBHOOK_SECRET')
    .requiredOption('--data <json>', 'the body; `@file` reads it from a file, `-` from the input')
    .option('--id <id>', 'id of the delivery: the same id again is the same decision')
    .option('--headers', 'print only the headers')
    .option('--json', 'print address, headers and body as JSON')
    .action((options: SignOptions) => sign(options, deps));
}

async function createEndpoint(options: EndpointOptions, deps: CliDeps): Promise<void> {
  const client = connect(options, deps, { usually: 'admin' });
  const made = await client.webhookEndpoints.add(await orderOf(options, deps));
  const { id, secret, decisions } = made;
  const address = `${client.url.replace(/\/+$/, '')}${made.url}`;
  if (options.save === undefined) {
    const rows = [
      ['address', address],
      ['decisions', decisions.join(', ')],
      ['secret', `${secret}  (shown this once)`],
    ];
    deps.print(
      options.json
        ? json({ id, address, decisions, secret })
        : `${id}\n${textTable(rows, { indent: 2 })}`,
    );
    return;
  }
  save(options.save, `${json({ id, address, secret })}\n`);
  deps.print(options.json ? json({ id, address, decisions }) : `${id}  ${address}`);
}

type Order = Parameters<ReturnType<typeof connect>['webhookEndpoints']['add']>[0];

async function orderOf(options: EndpointOptions, deps: CliDeps): Promise<Order> {
  const { name, kind, users, secretFile, member, for: role } = options;
  const common = { decisions: decisionsIn(options.decisions), name };
  if (kind !== 'slack' && users !== undefined) throw new UsageError('--users is for --kind slack');
  if (kind === 'standard') {
    if (secretFile !== undefined) throw new UsageError('--secret-file is for slack and github');
    return { kind, memberId: memberIdOf(options), ...common };
  }
  if (kind === 'slack' && (member !== undefined || role !== undefined)) {
    throw new UsageError('who clicks in Slack decides: give --users instead of --member or --for');
  }
  // Both are judged before the input is read.
  const given =
    kind === 'slack' ? { users: usersIn(users ?? '') } : { memberId: memberIdOf(options) };
  const text = secretFile === '-' ? await deps.readInput() : secretFile && readText(secretFile);
  return { kind, ...given, ...common, ...(text !== undefined && { secret: text.trim() }) } as Order;
}

/** @throws UsageError */
function usersIn(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [user = '', memberId = '', ...rest] = pair.split('=').map((part) => part.trim());
      if (user === '' || memberId === '' || rest.length > 0) {
        throw new UsageError(`--users: ${pair.trim()} is not USER=MEMBER`);
      }
      return [user, memberId];
    }),
  );
}

/** The endpoint exists by now: a secret that cannot be saved is gone, so the message says what to do. */
function save(file: string, content: string): void {
  try {
    writeSecret(file, content);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`the endpoint is made, its secret is not saved (rotate it): ${reason}`);
  }
}

function memberIdOf({ member, for: role, credentials }: EndpointOptions): string {
  if (member !== undefined) return member;
  if (role === undefined) throw new UsageError('for whom? Give --member or --for');
  const known = readCredentials(credentials);
  if (known === null) throw new UsageError(`--for: ${credentials} does not exist; give --member`);
  return memberOf(known, role).memberId;
}

/** The API's schema judges the names. */
function decisionsIn(text: string): Order['decisions'] {
  return text.split(',').map((name) => name.trim()) as Order['decisions'];
}

async function sign(options: SignOptions, deps: CliDeps): Promise<void> {
  const { address, secret } = endpointOf(options, deps);
  const body = await bodyOf(options.data, deps);
  const headers = signHeaders({ secret, body, id: options.id ?? `msg_${randomId()}` });
  if (options.json) return deps.print(json({ address, headers, body }));
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  deps.print(options.headers ? lines.join('\n') : curlCommand(address, lines, body));
}

function signHeaders(call: Parameters<typeof signWebhook>[0]) {
  try {
    return signWebhook(call);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

function endpointOf(
  { endpoint, address }: SignOptions,
  { environment }: CliDeps,
): { address: string; secret: string } {
  if (endpoint !== undefined) {
    const parsed = SavedEndpoint.safeParse(parseJson(readText(endpoint), endpoint));
    if (parsed.success) return parsed.data;
    throw new UsageError(`${endpoint} is not a file of \`webhook endpoint create --save\``);
  }
  const secret = environment['BATON_WEBHOOK_SECRET'];
  if (address === undefined || !secret) {
    throw new UsageError('which endpoint? Give --endpoint, or --address and BATON_WEBHOOK_SECRET');
  }
  return { address, secret };
}

/** The bytes as they are given: the signature covers them. @throws UsageError when they are no JSON */
async function bodyOf(data: string, deps: CliDeps): Promise<string> {
  if (data === '-') return checked((await deps.readInput()).trim(), 'the input');
  if (data.startsWith('@')) return checked(readText(data.slice(1)).trim(), data.slice(1));
  return checked(data, '--data');
}

function checked(text: string, where: string): string {
  parseJson(text, where);
  return text;
}

function curlCommand(address: string, headers: readonly string[], body: string): string {
  const parts = ['content-type: application/json', ...headers].map((line) => `-H ${quoted(line)}`);
  return `curl -sS -w '\\n' ${quoted(address)} \\\n  ${parts.join(' \\\n  ')} \\\n  --data-raw ${quoted(body)}`;
}

/** A word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
