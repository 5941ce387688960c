import { createHash } from 'node:crypto';

/** Digits of the bundle's hash that a build's id shows. */
const HASH_DIGITS = 12;

/** The same for the same workflow code: a release that changes none goes on with the build it had. */
export function buildIdOf(code: string | Buffer, machineVersion: number): string {
  const hash = createHash('sha256').update(code).digest('hex').slice(0, HASH_DIGITS);
  return `m${machineVersion}-${hash}`;
}

/** The deployment that the workers of a task queue belong to; the engine splits names at dots and colons. */
export function deploymentOf(taskQueue: string): string {
  return taskQueue.replaceAll(/[.:]/g, '_');
}
