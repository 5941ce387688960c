import type { Client } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import { ask } from './ask-engine.ts';

/** An open run as the engine's index lists it. The index lags: it only raises suspicions. */
export interface ListedRun {
  workflowId: string;
  runId: string;
  startedAt: string;
  taskQueue: string;
  /** The engine has noted that its workflow tasks fail. */
  hasProblems: boolean;
}

const QUERY = 'WorkflowType="contentItem" AND ExecutionStatus="Running"';
const PAGE = 1_000;
/** More open items than one server of ours is built for. */
const PAGES = 50;

/**
 * Every open run of an item, of all workspaces.
 * @param until epoch milliseconds when no further page is asked for.
 */
export async function listOpenRuns(
  temporal: Client,
  until: number,
): Promise<{ runs: ListedRun[]; complete: boolean }> {
  const runs: ListedRun[] = [];
  let token: Uint8Array | null | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    if (Date.now() >= until) return { runs, complete: false };
    const answer = await ask(temporal, until, () =>
      temporal.workflowService.listWorkflowExecutions({
        namespace: temporal.options.namespace,
        query: QUERY,
        pageSize: PAGE,
        ...(token !== undefined && { nextPageToken: token }),
      }),
    );
    for (const { execution, startTime, taskQueue, searchAttributes } of answer.executions ?? []) {
      runs.push({
        workflowId: execution?.workflowId ?? '',
        runId: execution?.runId ?? '',
        startedAt: instantOf(startTime) ?? new Date(0).toISOString(),
        taskQueue: taskQueue ?? '',
        hasProblems: searchAttributes?.indexedFields?.['TemporalReportedProblems'] !== undefined,
      });
    }
    token = answer.nextPageToken;
    if (token === null || token === undefined || token.length === 0) {
      return { runs, complete: true };
    }
  }
  return { runs, complete: false };
}

/** An instant of the engine in the form of all instants. */
export function instantOf(time: Parameters<typeof optionalTsToMs>[0]): string | null {
  const ms = optionalTsToMs(time);
  return ms === undefined ? null : new Date(ms).toISOString();
}
