import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { type AdministrativeAct, wholeList } from '../client/index.ts';
import { type CliDeps, FailureError } from './cli-deps.ts';
import { type ConnectionOptions, connect, printAnswer, withConnection } from './connection.ts';
import { readNames } from './item-commands.ts';
import { type Names, time } from './print-item.ts';
import { viaText } from './print-timeline.ts';
import { textTable } from './text-table.ts';

/** Adds `acts`. */
export function addActsCommand(program: Command, deps: CliDeps): void {
  withConnection(
    program
      .command('acts')
      .description('what was done to the workspace itself, all of it, checked (as the admin)'),
  ).action(async (options: ConnectionOptions) => {
    const client = connect(options, deps, { usually: 'admin' });
    const [acts, names] = await Promise.all([
      wholeList((query) => client.audit.acts(query)),
      readNames(client),
    ]);
    printAnswer(deps, options, acts, actsText(acts, names));
    const broken = firstBroken(acts);
    if (broken !== null) throw new FailureError(`the chain does not hold at act ${broken}`);
  });
}

function actsText(acts: readonly AdministrativeAct[], names: Names): string {
  return textTable(
    acts.map((act) => [
      String(act.seq),
      time(act.at),
      act.act,
      names(act.target),
      `by ${names(act.actor)}`,
      [changesText(act), viaText(act.via, names)].filter((part) => part !== '').join('; '),
    ]),
  );
}

/** Of a change what was and what is; what was added is in the JSON. */
function changesText({ changed, before, after }: AdministrativeAct): string {
  if (before === undefined || after === undefined) return '';
  return changed
    .map((name) => `${name} ${JSON.stringify(before[name])} → ${JSON.stringify(after[name])}`)
    .join(', ');
}

/** The seq of the first act that does not follow from the one before; null when all do. */
function firstBroken(acts: readonly AdministrativeAct[]): number | null {
  let head = '0'.repeat(64);
  for (const [index, { seq, record, prevHash, hash }] of acts.entries()) {
    const computed = createHash('sha256')
      .update(prevHash + record)
      .digest('hex');
    if (seq !== index + 1 || prevHash !== head || computed !== hash) return seq;
    head = hash;
  }
  return null;
}
