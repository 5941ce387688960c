import { evidenceVerifier } from '../../scripts/baton/evidence-verifier.ts';
import type { CliDeps } from '../../src/cli/cli-deps.ts';
import { runBaton } from '../../src/cli/main.ts';
import { diagramOf } from '../../src/domain/visibility/diagram.ts';

/** What one run of the command line printed, and its exit code. */
export interface CommandRun {
  code: number;
  out: string;
  err: string;
}

/** Runs the command line in this process. */
export async function runCommand(
  args: readonly string[],
  deps: Partial<CliDeps> = {},
): Promise<CommandRun> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runBaton(args, {
    environment: {},
    print: (line) => out.push(line),
    printError: (line) => err.push(line),
    readInput: async () => '',
    workspaces: { init: noDatabase, create: noDatabase },
    codecServer: { serve: async () => {} },
    releases: {
      status: noEngine,
      setCurrent: noEngine,
      rollBack: noEngine,
      move: noEngine,
    },
    diagramOf,
    evidence: evidenceVerifier,
    engine: { setUp: async () => ({ namespace: 'default', added: [] }) },
    tidier: { tidy: async () => ({}) },
    ...deps,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

async function noDatabase(): Promise<never> {
  throw new Error('this test has no database');
}

async function noEngine(): Promise<never> {
  throw new Error('this test has no engine');
}
