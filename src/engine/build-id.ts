import { createHash } from 'node:crypto';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';

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

/** The engine's index has the build of a run under this name, as `deployment:build`. */
export const BUILD_ATTRIBUTE = 'TemporalWorkerDeploymentVersion';

/** The build that the engine's index notes of a run; null of one that is bound to none. */
export function indexedBuildOf(
  attributes: { indexedFields?: Record<string, Payload> | null } | null | undefined,
): string | null {
  const payload = attributes?.indexedFields?.[BUILD_ATTRIBUTE];
  const version: unknown = payload ? defaultPayloadConverter.fromPayload(payload) : null;
  return typeof version === 'string' ? version.slice(version.indexOf(':') + 1) : null;
}
