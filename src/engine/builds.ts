import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { askUntil, codeOf, isNotFound } from './ask.ts';
import { msOf } from './instant.ts';

/** What the engine does with a build: new runs go to the current one and, in part, to the ramping one. */
export type BuildStatus = 'current' | 'ramping' | 'draining' | 'drained' | 'inactive';

/** `WorkerDeploymentVersionStatus` of temporal.api.enums.v1; a build that never was current is inactive. */
const STATUS: Readonly<Record<number, BuildStatus>> = {
  2: 'current',
  3: 'ramping',
  4: 'draining',
  5: 'drained',
};
/** `RoutingConfigUpdateState` of temporal.api.enums.v1. */
const ROUTING_IN_PROGRESS = 1;

export interface Build {
  buildId: string;
  status: BuildStatus;
  /** When it was last made current, epoch milliseconds; 0: never. */
  lastCurrentAt: number;
}

/** The builds of Baton's workflows that the engine knows. */
export interface Deployment {
  builds: Build[];
  current: string | null;
  ramping: { buildId: string; percentage: number } | null;
  /** Every task queue knows where new runs go. */
  isSettled: boolean;
  /** Of this state: a change with it fails once somebody else has changed it. */
  token: Uint8Array | null;
}

const NO_DEPLOYMENT: Deployment = {
  builds: [],
  current: null,
  ramping: null,
  isSettled: true,
  token: null,
};

/** @throws NoAnswer, or the engine's own error. */
export async function readDeployment(
  temporal: Client,
  deploymentName: string,
  until: number,
): Promise<Deployment> {
  try {
    const { workerDeploymentInfo: info, conflictToken } = await askUntil(temporal, until, () =>
      temporal.workflowService.describeWorkerDeployment({
        namespace: temporal.options.namespace,
        deploymentName,
      }),
    );
    const routing = info?.routingConfig;
    const ramping = routing?.rampingDeploymentVersion?.buildId;
    return {
      builds: (info?.versionSummaries ?? []).map(({ deploymentVersion, status, ...times }) => ({
        buildId: deploymentVersion?.buildId ?? '',
        status: STATUS[status ?? 0] ?? 'inactive',
        lastCurrentAt: msOf(times.lastCurrentTime),
      })),
      current: routing?.currentDeploymentVersion?.buildId || null,
      ramping: ramping
        ? { buildId: ramping, percentage: routing?.rampingVersionPercentage ?? 0 }
        : null,
      isSettled: info?.routingConfigUpdateState !== ROUTING_IN_PROGRESS,
      token: conflictToken ?? null,
    };
  } catch (error) {
    if (isNotFound(error)) return NO_DEPLOYMENT;
    throw error;
  }
}

/** Name of the entry of a build that says which snapshots it reads. */
const MACHINE_VERSION_ENTRY = 'machineVersion';

/**
 * The newest machine version that a build reads; null when it did not say.
 * @throws NoAnswer, or the engine's own error.
 */
export async function readMachineVersion(
  temporal: Client,
  version: { deploymentName: string; buildId: string },
  until: number,
): Promise<number | null> {
  try {
    const { workerDeploymentVersionInfo: info } = await askUntil(temporal, until, () =>
      temporal.workflowService.describeWorkerDeploymentVersion({
        namespace: temporal.options.namespace,
        deploymentVersion: version,
      }),
    );
    const payload = info?.metadata?.entries?.[MACHINE_VERSION_ENTRY];
    const value: unknown = payload ? defaultPayloadConverter.fromPayload(payload) : null;
    return Number.isSafeInteger(value) ? Number(value) : null;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** Plain text: whoever moves runs asks it without any key. */
export async function noteMachineVersion(
  temporal: Client,
  version: { deploymentName: string; buildId: string },
  { machineVersion, until }: { machineVersion: number; until: number },
): Promise<void> {
  await askUntil(temporal, until, () =>
    temporal.workflowService.updateWorkerDeploymentVersionMetadata({
      namespace: temporal.options.namespace,
      deploymentVersion: version,
      upsertEntries: { [MACHINE_VERSION_ENTRY]: defaultPayloadConverter.toPayload(machineVersion) },
      identity: temporal.options.identity,
    }),
  );
}

export type RouteOutcome = 'done' | 'nobody_polls' | 'unknown_build' | 'changed_meanwhile';

/** gRPC status code of a change of the routing that cannot be made. */
const FAILED_PRECONDITION = 9;

/**
 * Sends new runs to a build: all of them, or `percentage` of them beside those of the current build.
 * The engine refuses a build whose workers do not poll every task queue of the current one.
 * @throws NoAnswer, or the engine's own error.
 */
export async function routeNewRuns(
  temporal: Client,
  version: { deploymentName: string; buildId: string },
  {
    percentage = 100,
    token,
    until,
  }: { percentage?: number; token: Uint8Array | null; until: number },
): Promise<RouteOutcome> {
  const service = temporal.workflowService;
  const { namespace, identity } = temporal.options;
  const request = { namespace, identity, ...version, conflictToken: token };
  try {
    await askUntil(temporal, until, () =>
      percentage === 100
        ? service.setWorkerDeploymentCurrentVersion(request)
        : service.setWorkerDeploymentRampingVersion({ ...request, percentage }),
    );
    return 'done';
  } catch (error) {
    if (isNotFound(error)) return 'unknown_build';
    if (String(error).includes('conflict token')) return 'changed_meanwhile';
    if (codeOf(error) === FAILED_PRECONDITION) return 'nobody_polls';
    throw error;
  }
}
