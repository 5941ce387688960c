import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { expect, it, onTestFinished } from 'vitest';
import { createReleases } from '../../scripts/baton/releases.ts';
import { type LocalStack, startLocalStack } from '../../scripts/local/stack.ts';
import { createBatonClient } from '../../src/client/index.ts';
import { createStateDirectory, until } from '../support/stack-local.ts';

const OTHER_BUILD = fileURLToPath(new URL('../support/other-build.ts', import.meta.url));

it('a local stack with other workflows finishes what began on the earlier ones', async () => {
  const state = createStateDirectory();
  onTestFinished(state.remove);
  const { code } = await bundleWorkflowCode({
    workflowsPath: OTHER_BUILD,
    logger: new DefaultLogger('ERROR'),
  });
  const earlier = join(state.path, 'earlier.js');
  writeFileSync(earlier, code);
  const reported: string[] = [];
  const start = (environment: NodeJS.ProcessEnv) =>
    startLocalStack({
      stateDir: state.path,
      ports: 'any',
      temporalUi: false,
      report: (line) => reported.push(line),
      environment: { ...process.env, ...environment },
    });

  const before = await start({ BATON_WORKFLOW_BUNDLE: earlier });
  const { item } = await strategistOf(before)
    .items.start({ title: 'Begun on the earlier build' })
    .finally(() => before.stop());

  const after = await start({});
  onTestFinished(() => after.stop());
  expect(after.pids()).toHaveProperty('earlier-worker');
  const releases = createReleases({
    TEMPORAL_ADDRESS: after.temporalAddress,
    BATON_PAYLOAD_KEY: 'off',
  });
  const haveMoved = async () => {
    const { builds, current } = await releases.status();
    const here = builds.find(({ buildId }) => buildId === current);
    return here?.openItems === 1 && builds.every((one) => one === here || one.openItems === 0);
  };
  await until(haveMoved, () => reported.join('\n'));
  const isReported = async () =>
    reported.join('\n').includes('1 items of earlier builds were asked to move');
  await until(isReported, () => reported.join('\n'));
  const moved = await strategistOf(after).items.get(item.id);
  expect(moved).toMatchObject({ id: item.id, stage: 'briefing' });
});

function strategistOf({ credentials: { url, members } }: LocalStack) {
  const key = members.find(({ role }) => role === 'strategist')?.key ?? '';
  return createBatonClient({ url, key });
}
