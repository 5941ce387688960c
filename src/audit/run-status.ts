import type { Client } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { isLookUpWait } from '../domain/channel/publication-intent.ts';
import { ask, isNotFound } from '../engine/ask.ts';
import { instantOf } from '../engine/instant.ts';
import type { Execution } from './history-pages.ts';
import { CARRIES_EVENTS, readTaskFailure } from './run-history.ts';

/** How a run is, asked of the engine itself and not of its index. */
export type RunStatus =
  | { state: 'not_found' }
  | { state: 'closed'; runId: string; status: string; closedAt: string | null }
  | OpenRun;

export interface OpenRun {
  state: 'open';
  runId: string;
  startedAt: string | null;
  taskQueue: string;
  historyEvents: number;
  historyBytes: number;
  troubles: Trouble[];
  /** An activity is on its way to the tables, and has not failed for long. */
  isRecording: boolean;
}

/** Work of an open run that fails again and again. */
export interface Trouble {
  code: 'activity_failing' | 'workflow_task_failing';
  evidence: Record<string, unknown>;
}

const OPEN = 1;
const STATUS = [
  'unspecified',
  'running',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'continued_as_new',
  'timed_out',
  'paused',
] as const;
const PAUSED = 8;

/** Attempts from which on work counts as failing: the first failures of a short outage are none. */
const FAILING_FROM = 3;
const MESSAGE_LENGTH = 300;

/** Looks at a run; without a run id at the latest of the workflow. */
export async function readRunStatus(
  temporal: Client,
  execution: Execution,
  until: number,
): Promise<RunStatus> {
  try {
    const description = await ask(temporal, until, () =>
      temporal.workflowService.describeWorkflowExecution({
        namespace: temporal.options.namespace,
        execution,
      }),
    );
    const { workflowExecutionInfo: info } = description;
    const runId = info?.execution?.runId ?? '';
    const status = info?.status ?? 0;
    if (status !== OPEN && status !== PAUSED) {
      const closedAt = instantOf(info?.closeTime);
      return { state: 'closed', runId, status: STATUS[status] ?? 'unspecified', closedAt };
    }
    const task = failingTask(description, execution);
    for (const { evidence } of task) {
      const failure = await readTaskFailure(temporal, { ...execution, runId }, until);
      evidence['lastError'] = failure === null ? 'no answer' : await errorOf(temporal, failure);
    }
    return {
      state: 'open',
      runId,
      startedAt: instantOf(info?.startTime),
      taskQueue: info?.taskQueue ?? '',
      historyEvents: Number(info?.historyLength ?? 0),
      historyBytes: Number(info?.historySizeBytes ?? 0),
      troubles: [...task, ...(await failingActivities(temporal, description, execution))],
      isRecording: (description.pendingActivities ?? []).some(
        ({ activityType, attempt }) =>
          CARRIES_EVENTS.includes(activityType?.name ?? '') && (attempt ?? 0) < FAILING_FROM,
      ),
    };
  } catch (error) {
    if (isNotFound(error)) return { state: 'not_found' };
    throw error;
  }
}

type Description = Awaited<ReturnType<Client['workflowService']['describeWorkflowExecution']>>;

/** Also when a worker takes the task and never answers: its attempts count up alike. */
function failingTask({ pendingWorkflowTask }: Description, { workflowId }: Execution): Trouble[] {
  const attempts = pendingWorkflowTask?.attempt ?? 0;
  return attempts < FAILING_FROM
    ? []
    : [{ code: 'workflow_task_failing', evidence: { workflowId, attempts } }];
}

async function failingActivities(
  temporal: Client,
  { pendingActivities }: Description,
  { workflowId }: Execution,
): Promise<Trouble[]> {
  const troubles: Trouble[] = [];
  for (const { attempt, lastFailure, activityType, maximumAttempts } of pendingActivities ?? []) {
    if ((attempt ?? 0) < FAILING_FROM || lastFailure === undefined || lastFailure === null)
      continue;
    if (isLookUpWait(lastFailure.applicationFailureInfo?.type)) continue;
    const evidence = {
      workflowId,
      activity: activityType?.name ?? '',
      attempts: attempt,
      maximumAttempts,
      lastError: await errorOf(temporal, lastFailure),
    };
    troubles.push({ code: 'activity_failing', evidence });
  }
  return troubles;
}

type Failure = NonNullable<Parameters<typeof decodeOptionalFailureToOptionalError>[1]>;

/** Type and first words; the query layer puts parameters (texts) behind its first line. */
async function errorOf(temporal: Client, failure: Failure): Promise<string> {
  const [line = ''] = (await messageOf(temporal, failure)).split('\n');
  const type = failure.applicationFailureInfo?.type;
  const message = line.startsWith('Failed query') ? 'the database refused a query' : line;
  return [type, message].filter(Boolean).join(': ').slice(0, MESSAGE_LENGTH);
}

async function messageOf(temporal: Client, failure: Failure): Promise<string> {
  const { loadedDataConverter } = temporal.options;
  try {
    const error = await decodeOptionalFailureToOptionalError(loadedDataConverter, failure);
    return error?.message ?? '';
  } catch (error) {
    return error instanceof Error ? error.message : 'it cannot be read';
  }
}
