import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { defaultPayloadConverter } from '@temporalio/common';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';
import type { EventBatch } from '../../src/activities/recording.ts';
import type { ItemEvent } from '../../src/domain/item/event.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

const DIRECTORY = join(import.meta.dirname, '..', 'histories');
const SUPPORT = join(import.meta.dirname, '..', 'support');
const STANDING_WORKFLOWS = join(import.meta.dirname, '..', '..', 'src', 'workflows', 'index.ts');
const FILES = readdirSync(DIRECTORY).filter((file) => file.endsWith('.json.gz'));

function readHistory(file: string) {
  return historyFromJSON(
    JSON.parse(gunzipSync(readFileSync(join(DIRECTORY, file))).toString('utf8')),
  );
}

/** The workflows of a file, with an interceptor that tells what they ask to be recorded. */
async function bundleWith(workflowsPath: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [join(SUPPORT, 'heard-recordings.ts')],
    logger: new DefaultLogger('ERROR'),
  });
  return code;
}

/** The events of each batch that the code asks to be recorded while it replays a history. */
async function recordingsOf(code: string, file: string): Promise<ItemEvent[][]> {
  const heard: ItemEvent[][] = [];
  const recording = {
    fn: (_info: unknown, batch: EventBatch): void => {
      heard.push(batch.events);
    },
    callDuringReplay: true,
  };
  const options = { workflowBundle: { code }, sinks: { heard: { recording } } };
  await Worker.runReplayHistory(options, readHistory(file), file);
  return heard;
}

/** The events of each batch that the run asked to be recorded when it lived. */
function recordedIn({ events }: ReturnType<typeof readHistory>): ItemEvent[][] {
  const inputs = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: asked }) =>
    asked?.activityType?.name === 'recordEvents' ? (asked.input?.payloads ?? []) : [],
  );
  return inputs.map((input) => defaultPayloadConverter.fromPayload<EventBatch>(input).events);
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

  describe('say again, word for word, what their chains hold', () => {
    let code: string;
    beforeAll(async () => {
      code = await bundleWith(STANDING_WORKFLOWS);
    }, 120_000);

    // Replay compares which activities a run asks for, and not with what: a changed text would pass it,
    // and then break the chain of every living item.
    it.each(FILES)('%s', async (file) => {
      expect(await recordingsOf(code, file)).toEqual(recordedIn(readHistory(file)));
    });
  });

  it('go red when a workflow does something else than it did', async () => {
    const code = await bundleWith(join(SUPPORT, 'changed-workflows.ts'));
    const replay = Worker.runReplayHistory(
      { workflowBundle: { code } },
      readHistory('v1-scheduled.json.gz'),
      'changed',
    );
    await expect(replay).rejects.toThrow(/nondeterminis/i);
  });
});
