import { createWriteStream, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { wholeList } from '../client/index.ts';
import { type CliDeps, FailureError, UsageError } from './cli-deps.ts';
import { type ConnectionOptions, connect, printAnswer, withConnection } from './connection.ts';
import { withoutControls } from './text-table.ts';

type PackOptions = ConnectionOptions & { out?: string };

interface VerifyOptions {
  checkpoints?: string;
  key?: string[];
  json?: boolean;
}

/** More differences than that say nothing that the first ones do not. */
const SHOWN_FAULTS = 10;

/** Adds `audit-pack`, `checkpoints` and `verify-audit`. */
export function addEvidenceCommands(program: Command, deps: CliDeps): void {
  withConnection(
    program
      .command('audit-pack <item>')
      .description('save everything that is kept of an item, as a zip'),
  )
    .option('--out <file>', 'where to; the default is <item>-audit-pack.zip')
    .action(async (id: string, options: PackOptions) => {
      const pack = await connect(options, deps).items.auditPack(id);
      const file = options.out ?? `${id}-audit-pack.zip`;
      await save(pack, file);
      printAnswer(deps, options, { file, bytes: pack.size }, `${file} (${pack.size} bytes)`);
    });

  withConnection(
    program
      .command('checkpoints')
      .description('save the signed checkpoints of the chain heads, one file each (as the admin)'),
  )
    .requiredOption('--out <directory>', 'where to; those that are there already are kept')
    .action(async (options: ConnectionOptions & { out: string }) => {
      const client = connect(options, deps, { usually: 'admin' });
      const checkpoints = await wholeList((query) => client.audit.checkpoints(query));
      mkdirSync(options.out, { recursive: true });
      let saved = 0;
      for (const { seq } of checkpoints) {
        const file = join(options.out, `${String(seq).padStart(8, '0')}.json`);
        if (existsSync(file)) continue;
        const checkpoint = await client.audit.checkpoint(seq);
        writeFileSync(file, `${JSON.stringify(checkpoint)}\n`, { flag: 'wx' });
        saved += 1;
      }
      printAnswer(deps, options, { saved }, `${saved} of ${checkpoints.length} checkpoints saved`);
    });

  program
    .command('verify-audit <file>')
    .description('check an audit pack by itself: no API, database or engine is asked')
    .option('--checkpoints <path>', 'file or directory of signed checkpoints to hold it against')
    .option('--key <file...>', 'public keys (PEM) that the checkpoints are signed with')
    .option('--json', 'print JSON')
    .action(async (pack: string, options: VerifyOptions) => {
      const { checkpoints = null, key: keys = [], json } = options;
      if ((checkpoints === null) !== (keys.length === 0)) {
        throw new UsageError('--checkpoints and --key belong together');
      }
      const verdict = await deps.evidence.verify({ pack, checkpoints, keys });
      const { faults, facts } = verdict;
      const lines = [...facts, ...faults.slice(0, SHOWN_FAULTS).map(faultText)];
      if (json === true) deps.print(JSON.stringify(verdict, null, 2));
      else for (const line of lines) deps.print(withoutControls(line));
      if (faults.length > 0) {
        throw new FailureError(`the pack does not hold: ${faults.length} differences`);
      }
      if (json !== true) deps.print('everything agrees');
    });
}

function faultText({
  file,
  row,
  field,
  message,
}: Awaited<ReturnType<CliDeps['evidence']['verify']>>['faults'][number]): string {
  const place = [
    file,
    ...(row === null ? [] : [`row ${row}`]),
    ...(field === null ? [] : [`field ${field}`]),
  ];
  return `${place.join(', ')}: ${message}`;
}

async function save(pack: Blob, file: string): Promise<void> {
  try {
    await pipeline(Readable.from(pack.stream()), createWriteStream(file, { flags: 'wx' }));
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : String(error);
    throw new FailureError(`${file} was not written: ${String(reason)}`);
  }
}
