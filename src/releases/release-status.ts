import { OPERATOR_MS } from '../engine/ask.ts';
import { deploymentOf } from '../engine/build-id.ts';
import { type BuildStatus, readMachineVersion } from '../engine/builds.ts';
import { type Blocker, findBlockers } from './blockers.ts';
import { hasWorkers } from './build-workers.ts';
import { deploymentNow } from './current-build.ts';
import { type OpenItem, openItems } from './open-items.ts';
import type { ReleaseDeps } from './release-deps.ts';

export interface BuildState {
  buildId: string;
  /** `gone`: open items are bound to it and the engine knows no worker of it. */
  status: BuildStatus | 'gone';
  /** The newest snapshot that it reads; null when it never said. */
  machineVersion: number | null;
  hasWorkers: boolean;
  openItems: number;
  /** When the oldest present history of its items began. */
  oldest: string | null;
}

export interface ReleaseStatus {
  current: string | null;
  ramping: { buildId: string; percentage: number } | null;
  builds: BuildState[];
  /** Of the items that are on other builds than the current one. */
  blockers: Blocker[];
}

/** Which build has how many open items, and why the first of those on earlier builds are still there. */
export async function readStatus(deps: ReleaseDeps): Promise<ReleaseStatus> {
  const { temporal, taskQueue } = deps;
  const { current, ramping, builds } = await deploymentNow(deps);
  const counted = await countByBuild(deps, [current, ramping?.buildId ?? null]);
  const known = new Map<string, BuildState['status']>(
    [...counted.byBuild.keys()].map((buildId) => [buildId, 'gone']),
  );
  for (const { buildId, status } of builds) known.set(buildId, status);
  const deploymentName = deploymentOf(taskQueue);
  const states = await Promise.all(
    [...known].map(async ([buildId, status]): Promise<BuildState> => {
      const until = Date.now() + OPERATOR_MS;
      const [machineVersion, isWorkedFor] = await Promise.all([
        readMachineVersion(temporal, { deploymentName, buildId }, until),
        hasWorkers(deps, buildId, until),
      ]);
      const { openItems: open = 0, oldest = null } = counted.byBuild.get(buildId) ?? {};
      return { buildId, status, machineVersion, hasWorkers: isWorkedFor, openItems: open, oldest };
    }),
  );
  const blockers = await findBlockers(deps, counted.elsewhere);
  return { current, ramping, builds: states, blockers };
}

/** Items that are kept to be asked; more would not be. */
const KEPT = 100;

async function countByBuild({ temporal }: ReleaseDeps, present: readonly (string | null)[]) {
  const byBuild = new Map<string, Pick<BuildState, 'openItems' | 'oldest'>>();
  const elsewhere: OpenItem[] = [];
  for await (const page of openItems(temporal)) {
    for (const item of page) {
      if (item.buildId === null) continue;
      const { openItems: open = 0, oldest = null } = byBuild.get(item.buildId) ?? {};
      byBuild.set(item.buildId, {
        openItems: open + 1,
        oldest: oldest !== null && oldest < item.startedAt ? oldest : item.startedAt,
      });
      if (!present.includes(item.buildId) && elsewhere.length < KEPT) elsewhere.push(item);
    }
  }
  return { byBuild, elsewhere };
}
