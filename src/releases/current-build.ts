import { OPERATOR_MS } from '../engine/ask.ts';
import { deploymentOf } from '../engine/build-id.ts';
import { type Deployment, readDeployment, routeNewRuns } from '../engine/builds.ts';
import { hasWorkers } from './build-workers.ts';
import { type ReleaseDeps, ReleaseError } from './release-deps.ts';

export function deploymentNow({ temporal, taskQueue }: ReleaseDeps): Promise<Deployment> {
  return readDeployment(temporal, deploymentOf(taskQueue), Date.now() + OPERATOR_MS);
}

/**
 * Sends new items to a build whose workers poll: all, or a percentage of them.
 * @returns the build that was current before.
 * @throws ReleaseError when nobody polls for it, or somebody else changed the release meanwhile.
 */
export async function makeCurrent(
  deps: ReleaseDeps,
  { buildId, percentage }: { buildId: string; percentage: number },
): Promise<string | null> {
  const { temporal, taskQueue } = deps;
  const { builds, current, token } = await deploymentNow(deps);
  if (!builds.some((build) => build.buildId === buildId)) {
    const known = builds.map((build) => build.buildId).join(', ') || 'none';
    throw new ReleaseError(`no worker of the build ${buildId} ever polled; builds: ${known}`);
  }
  if (percentage < 100 && current === buildId) {
    throw new ReleaseError(`${buildId} is the current build: another one can ramp beside it`);
  }
  if (!(await hasWorkers(deps, buildId, Date.now() + OPERATOR_MS))) {
    throw new ReleaseError(`no worker of the build ${buildId} polls`);
  }
  const version = { deploymentName: deploymentOf(taskQueue), buildId };
  const until = Date.now() + OPERATOR_MS;
  const outcome = await routeNewRuns(temporal, version, { percentage, token, until });
  switch (outcome) {
    case 'done':
      return current;
    case 'changed_meanwhile':
      throw new ReleaseError('somebody else changed the release meanwhile: look at its status');
    default:
      throw new ReleaseError(`no worker of the build ${buildId} polls all of Baton's task queues`);
  }
}

/** The build that was current before the present one. */
export function previousBuild({ builds, current }: Deployment): string | null {
  const [latest] = builds
    .filter(({ buildId, lastCurrentAt }) => buildId !== current && lastCurrentAt > 0)
    .toSorted((a, b) => b.lastCurrentAt - a.lastCurrentAt);
  return latest?.buildId ?? null;
}

/**
 * Sends new items to the build that was current before.
 * @returns both builds.
 * @throws ReleaseError when there is none, or nobody polls for it.
 */
export async function rollBack(deps: ReleaseDeps): Promise<{ from: string | null; to: string }> {
  const deployment = await deploymentNow(deps);
  const to = previousBuild(deployment);
  if (to === null) throw new ReleaseError('no build was current before the present one');
  await makeCurrent(deps, { buildId: to, percentage: 100 });
  return { from: deployment.current, to };
}
