import { readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { FailureError, type Releases, UsageError } from '../../src/cli/cli-deps.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { type ReleaseConfig, readReleaseConfig } from '../../src/config.ts';
import { MACHINE_VERSION } from '../../src/domain/item/item.machine.ts';
import { codeOf, NoAnswer, whyNot } from '../../src/engine/ask.ts';
import { buildIdOf } from '../../src/engine/build-id.ts';
import { createDataConverter } from '../../src/engine/data-converter.ts';
import { CLIENT_CHANNEL_ARGS, CLIENT_INTERCEPTORS } from '../../src/engine/interceptors.ts';
import { makeCurrent, rollBack } from '../../src/releases/current-build.ts';
import { moveItems } from '../../src/releases/move-items.ts';
import { type ReleaseDeps, ReleaseError } from '../../src/releases/release-deps.ts';
import { readStatus } from '../../src/releases/release-status.ts';

const CONNECT_WITHIN = '10s';

/** Releases of the command line, on the engine that the environment names as for a worker. */
export function createReleases(environment: NodeJS.ProcessEnv = process.env): Releases {
  return {
    status: () => onEngine(environment, readStatus),
    setCurrent: (plan) =>
      onEngine(environment, async (deps, config) => {
        const to = plan.buildId ?? (await ownBuild(config));
        const from = await makeCurrent(deps, { buildId: to, percentage: plan.percentage });
        return { from, to };
      }),
    rollBack: () => onEngine(environment, rollBack),
    move: (plan, onProgress) => onEngine(environment, (deps) => moveItems(deps, plan, onProgress)),
  };
}

async function onEngine<T>(
  environment: NodeJS.ProcessEnv,
  work: (deps: ReleaseDeps, config: ReleaseConfig) => Promise<T>,
): Promise<T> {
  const config = configOf(environment);
  const { connection: address, namespace, taskQueue } = config.temporal;
  const connection = await Connection.connect({
    ...address,
    connectTimeout: CONNECT_WITHIN,
    interceptors: CLIENT_INTERCEPTORS,
    channelArgs: CLIENT_CHANNEL_ARGS,
  }).catch(() => {
    throw new FailureError(`the engine at ${address.address} cannot be reached`);
  });
  try {
    const dataConverter = createDataConverter(config.payloadKeys);
    const temporal = new Client({ connection, namespace, dataConverter });
    return await work({ temporal, taskQueue }, config);
  } catch (error) {
    if (error instanceof ReleaseError) throw new FailureError(error.message);
    if (error instanceof NoAnswer || codeOf(error) !== null) {
      throw new FailureError(whyNot(error));
    }
    throw error;
  } finally {
    await connection.close();
  }
}

function configOf(environment: NodeJS.ProcessEnv): ReleaseConfig {
  try {
    return readReleaseConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}

async function ownBuild({ buildId, workflowBundle }: ReleaseConfig): Promise<string> {
  if (buildId !== null) return buildId;
  if (workflowBundle !== null) return buildIdOf(await readFile(workflowBundle), MACHINE_VERSION);
  throw new UsageError('which build? Name it, or set BATON_WORKFLOW_BUNDLE or BATON_BUILD_ID');
}
