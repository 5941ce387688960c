import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildWorkflowBundle } from '../../scripts/build-workflow-bundle.ts';
import type { EventBatch } from '../../src/activities/recording.ts';
import type { ItemEvent } from '../../src/domain/item/event.ts';
import {
  RECORDED_HISTORIES,
  type RecordedHistory,
  readHistory,
} from '../support/recorded-histories.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });

const WORKFLOWS = join(import.meta.dirname, '..', '..', 'src', 'workflows', 'index.ts');
/** Tells what the workflows ask to be recorded. */
const HEARD_RECORDINGS = join(import.meta.dirname, '..', 'support', 'heard-recordings.ts');

/** The events of each batch that the code asks to be recorded while it replays a history. */
async function recordingsOf(codePath: string, file: string): Promise<ItemEvent[][]> {
  const heard: ItemEvent[][] = [];
  const recording = {
    fn: (_info: unknown, batch: EventBatch): void => {
      heard.push(batch.events);
    },
    callDuringReplay: true,
  };
  const options = { workflowBundle: { codePath }, sinks: { heard: { recording } } };
  await Worker.runReplayHistory(options, readHistory(file), file);
  return heard;
}

/** The events of each batch that the run asked to be recorded when it lived. */
function recordedIn({ events }: RecordedHistory): ItemEvent[][] {
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
    const names = RECORDED_HISTORIES.map((file) => file.replace(/^v\d+-|\.json\.gz$/g, ''));
    expect(names).toEqual(
      expect.arrayContaining([
        'closed',
        'cancelled',
        'scheduled',
        'continued',
        'continuing',
        'reconciled',
        'thread',
        'frozen',
        'unreachable',
      ]),
    );
  });

  it.each(RECORDED_HISTORIES)('%s replays under the code as it is', async (file) => {
    await Worker.runReplayHistory({ workflowBundle: { codePath } }, readHistory(file), file);
  });

  describe('say again, word for word, what their chains hold', () => {
    let hearing: string;
    beforeAll(async () => {
      const entry = { workflowsPath: WORKFLOWS, interceptors: [HEARD_RECORDINGS] };
      hearing = await buildWorkflowBundle(entry);
    }, 120_000);

    // Replay compares which activities a run asks for, and not with what: a changed text would pass it,
    // and then break the chain of every living item.
    it.each(RECORDED_HISTORIES)('%s', async (file) => {
      expect(await recordingsOf(hearing, file)).toEqual(recordedIn(readHistory(file)));
    });
  });
});
