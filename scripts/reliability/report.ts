import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Line, LineResult } from './line.ts';

const root = join(import.meta.dirname, '..', '..');
const MAX_SHOWN = 20;

/** Version of the package, and the commit where there is one. */
export function versionOf(): string {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  const commit = git('rev-parse', '--short=10', 'HEAD');
  if (commit === null) return version;
  return `${version}, commit ${commit}${git('status', '--porcelain') === '' ? '' : ' with changes'}`;
}

/** Null outside of a checkout. */
function git(...args: string[]): string | null {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** What a line came to, as a block of text. */
export function renderResult(line: Line, result: LineResult, version: string): string {
  const { faults, recovery, evidence, violations } = result;
  const kinds = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`);
  return [
    `${line.id}  ${line.title}${result.control ? `, without ${line.protection}` : ''}`,
    `    version     ${version}`,
    `    seed        ${result.seed}`,
    `    operations  ${result.operations} in ${Math.round(result.seconds)} s`,
    `    faults      ${kinds.join(', ') || 'none'}`,
    `    lost        ${result.lost}`,
    `    duplicated  ${result.duplicated}`,
    `    unresolved  ${result.unresolved}`,
    ...evidence.map((line) => `      - ${line}`),
    `    recovery    ${recovery === null ? 'none' : `p50 ${seconds(recovery.p50)}, p99 ${seconds(recovery.p99)}`}`,
    `    target      ${line.target}`,
    ...listed(violations),
    `    ${verdictOf(line, result)}`,
  ].join('\n');
}

function verdictOf({ id, protection }: Line, { control, holds }: LineResult): string {
  if (!control) return holds ? 'PASS' : 'FAIL';
  return holds
    ? `FAIL  control: ${id} holds without ${protection}, so it proves nothing`
    : `PASS  control: the line fails without ${protection}`;
}

function listed(lines: readonly string[]): string[] {
  const shown = lines.slice(0, MAX_SHOWN).map((line) => `      - ${line}`);
  const more = lines.length - shown.length;
  return more > 0 ? [...shown, `      - and ${more} more, in the JSON`] : shown;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
