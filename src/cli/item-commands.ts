import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type BatonClient, wholeList } from '../client/index.ts';
import { type CliDeps, UsageError } from './cli-deps.ts';
import {
  type ConnectionOptions,
  connect,
  json,
  printAnswer,
  withConnection,
} from './connection.ts';
import { actionsText, itemsText, itemText, type Names, startedText } from './print-item.ts';
import { kpiReviewText } from './print-kpi-review.ts';
import { timelineText } from './print-timeline.ts';
import { withoutControls } from './text-table.ts';

type StartOptions = ConnectionOptions & {
  title: string;
  brief?: string;
  playbook?: string;
  campaign?: string;
  strategist?: string;
  creator?: string;
  socialMediaManager?: string;
  idempotencyKey?: string;
};

type ListOptions = ConnectionOptions & {
  stage?: string;
  search?: string;
  stuck?: boolean;
  open?: boolean;
};

/** Adds `start-item`, `items`, `show`, `actions`, `diagram`, `kpi-review` and `timeline`. */
export function addItemCommands(program: Command, deps: CliDeps): void {
  withConnection(program.command('start-item').description('start a run, as the strategist'))
    .requiredOption('--title <text>', 'working title')
    .option('--brief <file>', 'brief as JSON, `-` for the standard input; it may be incomplete')
    .option('--playbook <name>', 'rules that the item pins')
    .option('--campaign <id>', 'campaign it belongs to')
    .option('--strategist <member>', 'id of the member; likewise the next two')
    .option('--creator <member>')
    .option('--social-media-manager <member>')
    .option('--idempotency-key <key>', 'the same key and content starts one item, however often')
    .action((options: StartOptions) => startItem(options, deps));

  withConnection(program.command('items').description('list items, newest first'))
    .option('--stage <stage>')
    .option('--search <text>', 'part of the title')
    .option('--stuck', 'only those past due, or with a post that is unknown, missed or refused')
    .option('--open', 'only those that are not closed or cancelled')
    .action((options: ListOptions) => listItems(options, deps));

  withConnection(
    program.command('show <item>').description('where an item is and whom it waits for'),
  ).action(async (id: string, options: ConnectionOptions) => {
    const client = connect(options, deps);
    const [item, names] = await Promise.all([client.items.get(id), readNames(client)]);
    printAnswer(deps, options, item, itemText(item, names));
  });

  withConnection(
    program
      .command('actions <item>')
      .description('every command you could send now, and what stands in its way'),
  ).action(async (id: string, options: ConnectionOptions) => {
    const actions = await connect(options, deps).items.actions(id);
    printAnswer(deps, options, actions, actionsText(actions));
  });

  withConnection(
    program
      .command('diagram <item>')
      .description('the machine as a Mermaid diagram, with the place where the item is marked'),
  ).action(async (id: string, options: ConnectionOptions) => {
    const item = await connect(options, deps).items.get(id);
    const diagram = deps.diagramOf(item).join('\n');
    printAnswer(deps, options, { diagram }, diagram);
  });

  withConnection(
    program
      .command('kpi-review <item>')
      .description('its verdicts, and the numbers behind them: stated and measured apart'),
  ).action(async (id: string, options: ConnectionOptions) => {
    const client = connect(options, deps);
    const [review, names] = await Promise.all([client.items.kpiReview(id), readNames(client)]);
    printAnswer(deps, options, review, kpiReviewText(review, names));
  });

  withConnection(
    program.command('timeline <item>').description('everything that happened, and every refusal'),
  ).action(async (id: string, options: ConnectionOptions) => {
    const client = connect(options, deps);
    const [entries, names] = await Promise.all([
      wholeList((query) => client.items.timeline(id, query)),
      readNames(client),
    ]);
    printAnswer(deps, options, entries, timelineText(entries, names));
  });
}

type StartBody = Parameters<BatonClient['items']['start']>[0];

async function startItem(options: StartOptions, deps: CliDeps): Promise<void> {
  const { title, playbook, campaign, strategist, creator, socialMediaManager } = options;
  const brief = options.brief === undefined ? undefined : await readJson(options.brief, deps);
  const team = { strategist, creator, social_media_manager: socialMediaManager };
  const client = connect(options, deps);
  // The API's schema judges the content: it names every field that is wrong.
  const body = { title, playbook, campaignId: campaign, brief, team } as StartBody;
  const started = await client.items.start(body, options);
  if (options.json) return deps.print(json(started));
  deps.print(withoutControls(startedText(started, await readNames(client))));
}

async function listItems(options: ListOptions, deps: CliDeps): Promise<void> {
  const { stage, search, stuck, open } = options;
  const client = connect(options, deps);
  // The API's schema judges a filter's value.
  const query: Record<string, string | undefined> = {
    stage,
    q: search,
    stuck: stuck?.toString(),
    open: open?.toString(),
  };
  const page = await client.items.list(query);
  printAnswer(deps, options, page, itemsText(page.items));
}

/** Names of the members of the workspace. */
export async function readNames(client: BatonClient): Promise<Names> {
  const members = await wholeList((query) => client.members.list(query));
  const names = new Map(members.map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? id;
}

async function readJson(file: string, deps: CliDeps): Promise<unknown> {
  return parseJson(file === '-' ? await deps.readInput() : readText(file), file);
}

/** @throws UsageError naming where the text is from, when it is not JSON. */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${where}: is not JSON (${messageOf(cause)})`);
  }
}

/** @throws UsageError when the file cannot be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file}: cannot be read (${messageOf(cause)})`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
