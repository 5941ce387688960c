import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { defaultPayloadConverter } from '@temporalio/common';
import { callWithin, isNotFound, OPERATOR_MS } from '../engine/ask.ts';
import { deploymentOf } from '../engine/build-id.ts';
import { readMachineVersion } from '../engine/builds.ts';
import { moveToBuildSignal, type TargetBuild } from '../workflows/messages.ts';
import { type Blocker, findBlockers } from './blockers.ts';
import { deploymentNow } from './current-build.ts';
import { countOpenItems, type OpenItem, openItems } from './open-items.ts';
import { type ReleaseDeps, ReleaseError } from './release-deps.ts';

export interface MovePlan {
  perSecond: number;
  /** How long the last ones that were asked are waited for. */
  waitMs: number;
}

export interface MoveProgress {
  /** Items asked to move so far. */
  asked: number;
  /** Items that are on earlier builds, as the engine's index says. */
  left: number;
}

export interface MoveReport extends MoveProgress {
  target: string;
  /** Builds whose items stay: the target cannot read what they made. */
  unreadable: string[];
  /** Of the items that are left. */
  blockers: Blocker[];
}

const PROGRESS_MS = 2_000;

/**
 * Asks every item on an earlier build to go on with the current one as soon as it is idle, so many a
 * second. An item remembers it, so that one which is busy moves later by itself. To ask twice changes
 * nothing: whoever is interrupted begins again.
 * @throws ReleaseError when there is no build to move to.
 */
export async function moveItems(
  deps: ReleaseDeps,
  { perSecond, waitMs }: MovePlan,
  onProgress: (progress: MoveProgress) => void,
): Promise<MoveReport> {
  const { target, sources, unreadable } = await planMove(deps);
  const versions = sources.map((buildId) => ({
    deploymentName: deploymentOf(deps.taskQueue),
    buildId,
  }));
  const countLeft = async () => {
    const counts = await Promise.all(versions.map((one) => countOpenItems(deps.temporal, one)));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  let left = await countLeft();
  let asked = 0;
  let shownAt = Date.now();
  for (const version of versions) {
    // The whole list first: items leave it while they move, and its pages would shift.
    const items = await listItems(deps, version);
    for (const item of items) {
      const next = delay(1_000 / perSecond);
      if (await askToMove(deps, item, target)) asked += 1;
      if (Date.now() - shownAt > PROGRESS_MS) {
        left = await countLeft();
        onProgress({ asked, left });
        shownAt = Date.now();
      }
      await next;
    }
  }
  const end = Date.now() + waitMs;
  for (left = await countLeft(); left > 0 && Date.now() < end; left = await countLeft()) {
    onProgress({ asked, left });
    await delay(Math.min(PROGRESS_MS, Math.max(1, end - Date.now())));
  }
  const remaining: OpenItem[] = [];
  for (const version of left > 0 ? versions : []) {
    remaining.push(...(await listItems(deps, version)));
  }
  const blockers = await findBlockers(deps, remaining);
  return { target: target.buildId, asked, left, unreadable, blockers };
}

async function planMove(
  deps: ReleaseDeps,
): Promise<{ target: TargetBuild; sources: string[]; unreadable: string[] }> {
  const { temporal, taskQueue } = deps;
  const { current, ramping, builds } = await deploymentNow(deps);
  if (current === null) throw new ReleaseError('no build is current yet');
  const versionOf = (buildId: string) =>
    readMachineVersion(
      temporal,
      { deploymentName: deploymentOf(taskQueue), buildId },
      Date.now() + OPERATOR_MS,
    );
  const machineVersion = await versionOf(current);
  if (machineVersion === null) {
    throw new ReleaseError(`the build ${current} did not say yet which snapshots it reads`);
  }
  const sources: string[] = [];
  const unreadable: string[] = [];
  for (const { buildId } of builds) {
    if (buildId === current || buildId === ramping?.buildId) continue;
    const made = await versionOf(buildId);
    if (made === null || made <= machineVersion) sources.push(buildId);
    else unreadable.push(buildId);
  }
  return { target: { buildId: current, machineVersion }, sources, unreadable };
}

async function listItems(
  { temporal }: ReleaseDeps,
  version: { deploymentName: string; buildId: string },
): Promise<OpenItem[]> {
  const items: OpenItem[] = [];
  for await (const page of openItems(temporal, version)) items.push(...page);
  return items;
}

/**
 * In plain text, so that no key of the operator's decides whether a run can read it.
 * @returns false when the run has ended.
 */
async function askToMove(
  { temporal }: ReleaseDeps,
  { workflowId }: OpenItem,
  target: TargetBuild,
): Promise<boolean> {
  const request = {
    namespace: temporal.options.namespace,
    identity: temporal.options.identity,
    requestId: randomUUID(),
    workflowExecution: { workflowId },
    signalName: moveToBuildSignal.name,
    input: { payloads: [defaultPayloadConverter.toPayload(target)] },
  };
  try {
    await callWithin(temporal, OPERATOR_MS, () =>
      temporal.workflowService.signalWorkflowExecution(request),
    );
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
