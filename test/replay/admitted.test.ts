import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventBatch } from '../../src/activities/recording.ts';
import { itemWorkflowId } from '../../src/domain/ids.ts';
import { type ItemEngine, openItemEngine } from '../support/item-engine.ts';
import { toReview } from '../support/item-story.ts';
import {
  bundleOf,
  RECORDED_HISTORIES,
  type RecordedHistory,
  readHistory,
} from '../support/recorded-histories.ts';

/**
 * What was admitted stays admitted: a later release may ask for more, and what an item was allowed
 * under the rules of its day is not asked again. Two such releases replay what others lived through.
 */
const RELEASES = {
  'with longer reasons and more targets': 'tightened.ts',
  'that allows nothing any more': 'refusing.ts',
};

const HEARD = ['heard-recordings.ts', 'heard-answers.ts'].map((file) =>
  join(import.meta.dirname, '..', 'support', file),
);

/** What a run told others: what each Update was answered, and what went to the tables. */
interface Told {
  answers: [updateId: string, answer: unknown][];
  recordings: unknown[];
}

async function replayOf(workflowBundle: { code: string }, history: RecordedHistory): Promise<Told> {
  const told: Told = { answers: [], recordings: [] };
  const recording = {
    fn: (_: unknown, { events, seq }: EventBatch) => void told.recordings.push({ events, seq }),
    callDuringReplay: true,
  };
  const answer = {
    fn: (_: unknown, id: string, given: unknown) => void told.answers.push([id, given]),
    callDuringReplay: true,
  };
  const sinks = { heard: { recording }, answers: { answer } };
  await Worker.runReplayHistory({ workflowBundle, sinks }, history, 'admitted');
  return told;
}

function livedIn({ events }: RecordedHistory): Told {
  const told: Told = { answers: [], recordings: [] };
  for (const entry of events ?? []) {
    const asked = entry.activityTaskScheduledEventAttributes;
    if (asked?.activityType?.name === 'recordEvents') {
      const [input] = asked.input?.payloads ?? [];
      if (input === undefined) continue;
      const { events: sent, seq } = defaultPayloadConverter.fromPayload<EventBatch>(input);
      told.recordings.push({ events: sent, seq });
    }
    const completed = entry.workflowExecutionUpdateCompletedEventAttributes;
    const [answer] = completed?.outcome?.success?.payloads ?? [];
    if (answer === undefined) continue;
    told.answers.push([
      completed?.meta?.updateId ?? '',
      defaultPayloadConverter.fromPayload(answer),
    ]);
  }
  return told;
}

describe.each(Object.entries(RELEASES))('a release %s', (_, file) => {
  let bundle: { code: string };
  let engine: ItemEngine;
  beforeAll(async () => {
    bundle = await bundleOf(join(import.meta.dirname, 'changed', file), HEARD);
    engine = await openItemEngine();
  }, 240_000);
  afterAll(() => engine?.close());

  it.each(RECORDED_HISTORIES)('answers and records in %s what was answered', async (name) => {
    const history = readHistory(name);
    expect(await replayOf(bundle, history)).toEqual(livedIn(history));
  });

  it('goes on with an item that it would have refused, without a word', async () => {
    const itemId = await engine.start();
    await toReview(engine, itemId);
    await engine.apply('editor', itemId, 'hold', { reason: 'the news' });
    await engine.apply('strategist', itemId, 'extend', { reason: 'later' });
    await engine.apply('editor', itemId, 'resume', { reason: 'over' });
    await engine.apply('editor', itemId, 'hold', { reason: 'again' });
    const handle = engine.deps.temporal.workflow.getHandle(itemWorkflowId(itemId));
    const history = await handle.fetchHistory();
    const told = await replayOf(bundle, history);
    expect(told).toEqual(livedIn(history));
    const last = told.answers.at(-1)?.[1] as { answer: object; snapshot: { value: unknown } };
    expect(last.snapshot.value).toBe('on_hold');
  });
});

describe('a command that waits for its run while a stricter release is made', () => {
  it('is judged by that release', async () => {
    const engine = await openItemEngine({
      workflowsPath: join(import.meta.dirname, 'changed', 'tightened.ts'),
    });
    try {
      const itemId = await engine.start();
      const verdict = await engine.verdict('strategist', itemId, 'hold', { reason: 'the news' });
      expect(verdict).toMatchObject({ outcome: 'refused', unmet: [{ code: 'reason_given' }] });
      await engine.apply('strategist', itemId, 'hold', { reason: 'the news changed at noon' });
    } finally {
      await engine.close();
    }
  });
});
