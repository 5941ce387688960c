import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINE_VERSION } from '../../src/domain/item/item.machine.ts';
import { buildIdOf } from '../../src/engine/build-id.ts';
import { createReleases } from '../baton/releases.ts';
import type { StackContext } from './stack-context.ts';
import { superviseWorker } from './stack-programs.ts';

/** An item of a developer may move at once. */
const MOVE = { perSecond: 200, waitMs: 0 };

/**
 * Keeps the bundle that runs now for the items that are bound to it, starts a worker for each earlier
 * one that still has any, and asks those to move. Such a worker runs until the stack stops.
 */
export async function finishEarlierBuilds(
  context: StackContext,
  { environment, workflowBundle }: { environment: NodeJS.ProcessEnv; workflowBundle: string },
): Promise<void> {
  keepBundle(context.stateDir, workflowBundle);
  const releases = createReleases(environment);
  const { current, builds } = await releases.status();
  const earlier = builds.filter(
    ({ buildId, status, openItems }) =>
      buildId !== current && (openItems > 0 || status === 'draining'),
  );
  for (const { buildId, openItems } of earlier) {
    const bundle = bundleFile(context.stateDir, buildId);
    if (existsSync(bundle)) {
      await superviseWorker(context, {
        name: 'earlier-worker',
        label: 'Worker',
        environment: {
          ...environment,
          // Its log says when it is there.
          LOG_LEVEL: 'info',
          BATON_WORKFLOW_BUNDLE: bundle,
          BATON_BUILD_ID: buildId,
        },
        address: `build ${buildId}, for what began on it`,
      });
    } else if (openItems > 0) {
      context.report(`${openItems} items wait for the build ${buildId}, whose bundle is gone`);
    }
  }
  if (earlier.length === 0) return;
  // They move while the stack is used.
  releases
    .move(MOVE, () => {})
    .then(
      ({ asked }) => context.report(`${asked} items of earlier builds were asked to move`),
      (error: unknown) => context.report(`Items stay on earlier builds: ${String(error)}`),
    );
}

function keepBundle(stateDir: string, bundle: string): void {
  const file = bundleFile(stateDir, buildIdOf(readFileSync(bundle), MACHINE_VERSION));
  if (existsSync(file)) return;
  mkdirSync(join(stateDir, 'builds'), { recursive: true, mode: 0o700 });
  copyFileSync(bundle, file);
}

function bundleFile(stateDir: string, buildId: string): string {
  return join(stateDir, 'builds', `${buildId}.js`);
}
