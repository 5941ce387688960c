import type { Client } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { callWithin, isNotFound } from '../../src/engine/ask.ts';

/** One run of a deployment. */
export interface LiveRun {
  workflowId: string;
  runId: string;
}

export interface Sample {
  picked: LiveRun[];
  /** How many were listed; `isCut`: there are more. */
  listed: number;
  isCut: boolean;
}

const OURS = 'WorkflowType IN ("contentItem", "historyArchive")';
/** A release can break open runs only; closed ones stand in for what no open run has come to yet. */
const QUERIES = [`${OURS} AND ExecutionStatus="Running"`, `${OURS} AND ExecutionStatus!="Running"`];
const PAGE = 1_000;
const CALL_MS = 20_000;

/**
 * A random sample of a deployment's runs, open ones first.
 * @param limit runs that are listed, at most
 */
export async function sampleRuns(
  temporal: Client,
  { limit, sample }: { limit: number; sample: number },
): Promise<Sample> {
  const picked: LiveRun[] = [];
  let listed = 0;
  for (const query of QUERIES) {
    const found = await listRuns(temporal, query, limit - listed);
    listed += found.runs.length;
    picked.push(...shuffled(found.runs).slice(0, sample - picked.length));
    if (found.isCut) return { picked, listed, isCut: true };
  }
  return { picked, listed, isCut: false };
}

type Page = Awaited<ReturnType<Client['workflowService']['listWorkflowExecutions']>>;

async function listRuns(
  temporal: Client,
  query: string,
  limit: number,
): Promise<{ runs: LiveRun[]; isCut: boolean }> {
  const runs: LiveRun[] = [];
  let nextPageToken: Uint8Array | null = null;
  do {
    const page: Page = await callWithin(temporal, CALL_MS, () =>
      temporal.workflowService.listWorkflowExecutions({
        namespace: temporal.options.namespace,
        query,
        pageSize: PAGE,
        nextPageToken,
      }),
    );
    for (const { execution } of page.executions ?? []) {
      if (runs.length >= limit) return { runs, isCut: true };
      runs.push({ workflowId: execution?.workflowId ?? '', runId: execution?.runId ?? '' });
    }
    nextPageToken = page.nextPageToken ?? null;
  } while (nextPageToken !== null && nextPageToken.length > 0);
  return { runs, isCut: false };
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((value) => ({ value, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ value }) => value);
}

type HistoryPage = Awaited<ReturnType<Client['workflowService']['getWorkflowExecutionHistory']>>;

/** The run's whole history; null when the engine no longer keeps it. */
export async function fetchHistory(temporal: Client, execution: LiveRun): Promise<History | null> {
  const { workflowService, options } = temporal;
  const events: NonNullable<History['events']> = [];
  let nextPageToken: Uint8Array | null = null;
  try {
    do {
      const request = { namespace: options.namespace, execution, nextPageToken };
      const page: HistoryPage = await callWithin(temporal, CALL_MS, () =>
        workflowService.getWorkflowExecutionHistory(request),
      );
      events.push(...(page.history?.events ?? []));
      nextPageToken = page.nextPageToken ?? null;
    } while (nextPageToken !== null && nextPageToken.length > 0);
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
  return { events };
}
