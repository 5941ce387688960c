import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

const DIRECTORY = join(import.meta.dirname, '..', 'histories');
const FILES = readdirSync(DIRECTORY).filter((file) => file.endsWith('.json.gz'));

function readHistory(file: string) {
  return historyFromJSON(
    JSON.parse(gunzipSync(readFileSync(join(DIRECTORY, file))).toString('utf8')),
  );
}

describe('recorded histories', () => {
  let codePath: string;
  beforeAll(async () => {
    codePath = await buildWorkflowBundle();
  }, 120_000);

  it('cover closed, cancelled, continued and open items, and sends', () => {
    const names = FILES.map((file) => file.replace(/^v\d+-|\.json\.gz$/g, ''));
    expect(names).toEqual(
      expect.arrayContaining([
        ...['closed', 'cancelled', 'scheduled', 'continued', 'continuing'],
        ...['publication', 'reconciled', 'thread', 'frozen', 'unreachable'],
      ]),
    );
  });

  it.each(FILES)('%s replays under the code as it is', async (file) => {
    await Worker.runReplayHistory({ workflowBundle: { codePath } }, readHistory(file), file);
  });

  it('go red when a workflow does something else than it did', async () => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(import.meta.dirname, '..', 'support', 'changed-workflows.ts'),
      logger: new DefaultLogger('ERROR'),
    });
    const replay = Worker.runReplayHistory(
      { workflowBundle: { code } },
      readHistory('v1-scheduled.json.gz'),
      'changed',
    );
    await expect(replay).rejects.toThrow(/nondeterminis/i);
  });
});
