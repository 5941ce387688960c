import {
  type DataConverter,
  defaultPayloadConverter,
  type Payload,
  type PayloadCodec,
} from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import type { RunCommand } from './witness.ts';

type HistoryEvent = NonNullable<History['events']>[number];
type Payloads = readonly Payload[] | null | undefined;

/** What a run asked of the engine or answered, under a name that it has again in each replay. */
export interface Step {
  name: string;
  value: unknown;
}

export interface RecordedStep extends Step {
  /** Of the event that holds it. */
  eventId: string;
}

type Read = (payloads: Payloads) => Promise<unknown[]>;

/**
 * Every step that a history holds.
 * @throws PayloadUnreadable when a key is missing.
 */
export async function recordedSteps(
  { events }: History,
  { payloadCodecs = [] }: Pick<DataConverter, 'payloadCodecs'> = {},
): Promise<RecordedStep[]> {
  const read: Read = async (payloads) => (await opened(payloads, payloadCodecs)).map(decoded);
  const steps: RecordedStep[] = [];
  for (const event of events ?? []) {
    const step = await stepOf(event, read);
    if (step !== null) steps.push({ ...step, eventId: String(event.eventId) });
  }
  return steps;
}

async function stepOf(event: HistoryEvent, read: Read): Promise<Step | null> {
  const timer = event.timerStartedEventAttributes;
  if (timer) return timerStep(timer.timerId, timer.startToFireTimeout);
  const activity = event.activityTaskScheduledEventAttributes;
  if (activity) {
    const input = await read(activity.input?.payloads);
    return activityStep(activity.activityId, activity.activityType?.name, input);
  }
  const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
  if (child) {
    const input = await read(child.input?.payloads);
    return childStep(child.workflowId, child.workflowType?.name, input);
  }
  const answer = event.workflowExecutionUpdateCompletedEventAttributes;
  if (answer) {
    const { success, failure } = answer.outcome ?? {};
    const result = failure ? failure.message : (await read(success?.payloads))[0];
    return updateStep(answer.meta?.updateId, failure ? 'failed' : 'applied', result);
  }
  const end = event.workflowExecutionCompletedEventAttributes;
  if (end) return endStep('completed', await read(end.result?.payloads));
  const next = event.workflowExecutionContinuedAsNewEventAttributes;
  if (next) return endStep('continued', await read(next.input?.payloads));
  const failed = event.workflowExecutionFailedEventAttributes;
  if (failed) return endStep('failed', [failed.failure?.message]);
  return null;
}

/** The step that a command of a replayed run is; null for one that a history holds otherwise. */
export function replayedStep(command: RunCommand): Step | null {
  const { startTimer, scheduleActivity, startChildWorkflowExecution, updateResponse } = command;
  if (startTimer) return timerStep(String(startTimer.seq), startTimer.startToFireTimeout);
  if (scheduleActivity) {
    const { activityId, activityType, arguments: input } = scheduleActivity;
    return activityStep(activityId, activityType, values(input));
  }
  if (startChildWorkflowExecution) {
    const { workflowId, workflowType, input } = startChildWorkflowExecution;
    return childStep(workflowId, workflowType, values(input));
  }
  if (updateResponse) {
    const { protocolInstanceId: id, completed, rejected } = updateResponse;
    if (completed) return updateStep(id, 'applied', decoded(completed));
    return rejected ? updateStep(id, 'failed', rejected.message) : null;
  }
  const { completeWorkflowExecution: end, continueAsNewWorkflowExecution: next } = command;
  if (end) return endStep('completed', values(end.result ? [end.result] : []));
  if (next) return endStep('continued', values(next.arguments));
  const { failWorkflowExecution: failed } = command;
  return failed ? endStep('failed', [failed.failure?.message]) : null;
}

type Name = string | null | undefined;

/** Seconds are a number in a history that was stored as JSON, and a Long in one that was fetched. */
type Duration = NonNullable<HistoryEvent['timerStartedEventAttributes']>['startToFireTimeout'];

function timerStep(timerId: Name, duration: Duration): Step {
  const { seconds, nanos } = duration ?? {};
  const durationMs = Number(seconds ?? 0) * 1_000 + (nanos ?? 0) / 1e6;
  return { name: `timer ${timerId}`, value: { durationMs } };
}

function activityStep(activityId: Name, type: Name, input: unknown[]): Step {
  return { name: `activity ${activityId}`, value: { type, input } };
}

function childStep(workflowId: Name, type: Name, input: unknown[]): Step {
  return { name: `child ${workflowId}`, value: { type, input } };
}

function updateStep(id: Name, outcome: 'applied' | 'failed', result: unknown): Step {
  return { name: `update ${id}`, value: { outcome, result } };
}

function endStep(how: 'completed' | 'continued' | 'failed', result: unknown[]): Step {
  return { name: 'end', value: { how, result } };
}

/** As the engine stores them: without a codec, which encodes nothing twice in the same way. */
async function opened(payloads: Payloads, codecs: readonly PayloadCodec[]): Promise<Payload[]> {
  let open = [...(payloads ?? [])];
  for (const codec of codecs.toReversed()) open = await codec.decode(open);
  return open;
}

function values(payloads: Payloads): unknown[] {
  return (payloads ?? []).map(decoded);
}

function decoded(payload: Payload): unknown {
  return defaultPayloadConverter.fromPayload(payload);
}
