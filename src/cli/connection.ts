import type { Command } from 'commander';
import { type BatonClient, createBatonClient } from '../client/index.ts';
import { type CliDeps, UsageError } from './cli-deps.ts';
import { CREDENTIALS_FILE, memberOf, readCredentials } from './credentials.ts';
import { withoutControls } from './text-table.ts';

/** Options of every command that asks the API. */
export interface ConnectionOptions {
  url?: string;
  key?: string;
  as?: string;
  credentials: string;
  json?: boolean;
}

/** Adds the options that say where Baton is, who asks, and how to print. */
export function withConnection(command: Command): Command {
  return command
    .option('--url <address>', 'base address of the API (or BATON_URL)')
    .option('--key <key>', 'API key (better in BATON_KEY, where others do not see it)')
    .option('--as <role>', 'act with the key of this role in the credentials file')
    .option('--credentials <file>', 'credentials file of the local stack', CREDENTIALS_FILE)
    .option('--json', 'print JSON');
}

/**
 * A client from the options, else from BATON_URL and BATON_KEY, else from the credentials file of the
 * local stack, where `usually` is the role that acts.
 * @throws UsageError when no address or no key is given anywhere.
 */
export function connect(
  options: ConnectionOptions,
  { environment }: Pick<CliDeps, 'environment'>,
  { usually = 'strategist' } = {},
): BatonClient {
  const credentials = readCredentials(options.credentials);
  const url = options.url ?? environment['BATON_URL'] ?? credentials?.url;
  if (!url) {
    throw new UsageError(
      `where is Baton? Start it (npm start, or npx baton), or give --url or BATON_URL; ${options.credentials} does not exist`,
    );
  }
  if (!URL.canParse(url)) throw new UsageError('--url: must be an address, http://host:port');
  const ownKey = options.key ?? (options.as === undefined ? environment['BATON_KEY'] : undefined);
  if (ownKey === undefined && credentials && !isSameOrigin(url, credentials.url)) {
    throw new UsageError(
      `whose key? Those in ${options.credentials} are for ${credentials.url}: give --key or BATON_KEY`,
    );
  }
  const key = ownKey ?? (credentials && memberOf(credentials, options.as ?? usually).key);
  if (key) return createBatonClient({ url, key });
  throw new UsageError(`whose key? Give --key or BATON_KEY; ${options.credentials} does not exist`);
}

/** Prints an answer: as JSON when that is asked for, else as the text that people read. */
export function printAnswer(
  { print }: Pick<CliDeps, 'print'>,
  options: { json?: boolean },
  answer: unknown,
  text: string,
): void {
  print(options.json ? json(answer) : withoutControls(text));
}

/** JSON for people and programs alike. */
export function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

/** A key goes to the address it is for and nowhere else. */
function isSameOrigin(url: string, other: string): boolean {
  return URL.canParse(other) && new URL(url).origin === new URL(other).origin;
}
