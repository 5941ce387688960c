import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { ASK_MS } from './ask.ts';
import { noteMachineVersion, readDeployment, readMachineVersion, routeNewRuns } from './builds.ts';

/** The engine learns of a build by the first poll of its workers. */
const ANNOUNCE_MS = 120_000;
const AGAIN_MS = 200;

/**
 * Says of a build that its worker has begun which snapshots it reads. The first build of all is made
 * current as well: nothing could begin without one. A later one waits for its release, except on the
 * local stack.
 * @returns whether the build is the current one.
 * @throws the engine's last error when it did not take it within two minutes; an AbortError when `signal` ends it.
 */
export async function announceBuild(
  temporal: Client,
  version: { deploymentName: string; buildId: string },
  {
    machineVersion,
    takesOver,
    signal,
  }: { machineVersion: number; takesOver: boolean; signal: AbortSignal },
): Promise<boolean> {
  const end = Date.now() + ANNOUNCE_MS;
  for (;;) {
    try {
      const until = Date.now() + ASK_MS;
      // Once: the local stack runs earlier bundles with the code of now.
      if ((await readMachineVersion(temporal, version, until)) === null) {
        await noteMachineVersion(temporal, version, { machineVersion, until });
      }
      const { current, token } = await readDeployment(temporal, version.deploymentName, until);
      if (current === version.buildId) return true;
      if (current !== null && !takesOver) return false;
      await routeNewRuns(temporal, version, { token, until });
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await delay(AGAIN_MS, undefined, { signal });
  }
}
