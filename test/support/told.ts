import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { EventBatch } from '../../src/activities/recording.ts';
import type { RecordedHistory } from './recorded-histories.ts';

/** Bundled with the workflows, so that `replayOf` hears what they tell. */
export const HEARD = ['heard-recordings.ts', 'heard-answers.ts'].map((file) =>
  join(import.meta.dirname, file),
);

/** What a run told others: what each Update was answered, and what went to the tables. */
interface Told {
  answers: [updateId: string, answer: unknown][];
  recordings: unknown[];
}

/** @throws DeterminismViolationError when the engine's own check ends the replay. */
export async function replayOf(
  workflowBundle: WorkflowBundleOption,
  history: RecordedHistory,
): Promise<Told> {
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

/** The same of the run that is recorded. */
export function livedIn({ events }: RecordedHistory): Told {
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
