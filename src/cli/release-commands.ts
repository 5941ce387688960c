import type { Command } from 'commander';
import {
  type Blocker,
  type CliDeps,
  type MoveReport,
  type ReleaseStatus,
  UsageError,
} from './cli-deps.ts';
import { json } from './connection.ts';
import { textTable, withoutControls } from './text-table.ts';

interface Printing {
  json?: boolean;
}

/** Adds `release …`: which build takes new items, and the way of open ones to it. */
export function addReleaseCommands(program: Command, deps: CliDeps): void {
  const { releases, print } = deps;
  const release = program
    .command('release')
    .description('builds of the workflows; with the environment of a worker');
  const add = (name: string, description: string) =>
    release.command(name).description(description).option('--json', 'print JSON');

  add('status', 'which build has how many open items, and why some stay').action(
    async ({ json: asJson }: Printing) => {
      const status = await releases.status();
      print(asJson ? json(status) : statusText(status));
    },
  );

  add('set-current', 'send new items to a build whose workers poll')
    .argument('[build]', 'id of the build; without it that of this installation')
    .option('--percentage <number>', 'only so many of a hundred new items', '100')
    .action(async (build: string | undefined, options: Printing & { percentage: string }) => {
      const percentage = wholeIn('--percentage', options.percentage, [1, 100]);
      const change = await releases.setCurrent({ buildId: build ?? null, percentage });
      const share = percentage === 100 ? 'new items' : `${percentage} % of new items`;
      print(options.json ? json(change) : `${share} go to ${change.to} (before: ${change.from})`);
    });

  add('move', 'ask open items to go on with the current build as soon as they are idle')
    .option('--per-second <number>', 'items asked a second', '20')
    .option('--wait <seconds>', 'how long the last ones are waited for', '30')
    .action(async (options: Printing & { perSecond: string; wait: string }) => {
      const plan = {
        perSecond: wholeIn('--per-second', options.perSecond, [1, 1_000]),
        waitMs: wholeIn('--wait', options.wait, [0, 3_600]) * 1_000,
      };
      const report = await releases.move(plan, ({ asked, left }) => {
        if (!options.json) print(`${asked} asked, ${left} on earlier builds`);
      });
      print(options.json ? json(report) : reportText(report));
    });

  add('rollback', 'send new items to the build that was current before').action(
    async ({ json: asJson }: Printing) => {
      const change = await releases.rollBack();
      print(asJson ? json(change) : `new items go to ${change.to} again (before: ${change.from})`);
    },
  );
}

function wholeIn(option: string, text: string, [from, to]: [from: number, to: number]): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= from && value <= to)) {
    throw new UsageError(`${option} is a whole number from ${from} to ${to}`);
  }
  return value;
}

function statusText({ current, ramping, builds, blockers }: ReleaseStatus): string {
  const rows = builds.map((build) => [
    build.buildId,
    build.status,
    build.hasWorkers ? 'workers poll' : 'no worker',
    build.machineVersion === null ? '-' : `machine ${build.machineVersion}`,
    String(build.openItems),
    build.oldest ?? '-',
  ]);
  const head = ['build', 'status', 'workers', 'reads up to', 'open items', 'oldest history'];
  const share = ramping === null ? '' : `, ${ramping.percentage} % to ${ramping.buildId}`;
  const lines = [
    `New items go to ${current ?? 'no build yet'}${share}`,
    textTable([head, ...rows], { indent: 2, right: [4] }),
    ...blockersText(blockers),
  ];
  return withoutControls(lines.join('\n'));
}

function reportText({ target, asked, left, unreadable, blockers }: MoveReport): string {
  const lines = [
    `${asked} items asked to move to ${target}, ${left} are on earlier builds`,
    ...unreadable.map((build) => `  those of ${build} stay: ${target} cannot read them`),
    ...blockersText(blockers),
  ];
  return withoutControls(lines.join('\n'));
}

function blockersText(blockers: readonly Blocker[]): string[] {
  if (blockers.length === 0) return [];
  const rows = blockers.map(({ itemId, buildId, why }) => [itemId, buildId ?? '-', why]);
  return ['Still on earlier builds, the first of them:', textTable(rows, { indent: 2 })];
}
