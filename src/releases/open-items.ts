import type { Client } from '@temporalio/client';
import { callWithin } from '../engine/ask.ts';
import { BUILD_ATTRIBUTE, indexedBuildOf } from '../engine/build-id.ts';
import { instantOf } from '../engine/instant.ts';

/** An open run of an item, as the engine's index lists it a little later. */
export interface OpenItem {
  workflowId: string;
  /** When its present history began. */
  startedAt: string;
  /** Null of a run that is bound to no build. */
  buildId: string | null;
}

const OPEN_ITEMS = 'WorkflowType="contentItem" AND ExecutionStatus="Running"';
const PAGE = 500;
const PAGE_MS = 10_000;
/** More open items than one server of ours is built for. */
const PAGES = 200;

/**
 * The open items, page by page.
 * @param build only those of this build.
 * @throws NoAnswer, or the engine's own error.
 */
export async function* openItems(
  temporal: Client,
  build?: { deploymentName: string; buildId: string },
): AsyncGenerator<OpenItem[]> {
  let nextPageToken: Uint8Array | null = null;
  for (let page = 0; page < PAGES; page += 1) {
    const answer: Page = await callWithin(temporal, PAGE_MS, () =>
      temporal.workflowService.listWorkflowExecutions({
        namespace: temporal.options.namespace,
        query: queryOf(build),
        pageSize: PAGE,
        nextPageToken,
      }),
    );
    yield (answer.executions ?? []).map(openItem);
    nextPageToken = answer.nextPageToken ?? null;
    if (nextPageToken === null || nextPageToken.length === 0) return;
  }
}

/** @throws NoAnswer, or the engine's own error. */
export async function countOpenItems(
  temporal: Client,
  build: { deploymentName: string; buildId: string },
): Promise<number> {
  const { count } = await callWithin(temporal, PAGE_MS, () =>
    temporal.workflowService.countWorkflowExecutions({
      namespace: temporal.options.namespace,
      query: queryOf(build),
    }),
  );
  return Number(count ?? 0);
}

function queryOf(build?: { deploymentName: string; buildId: string }): string {
  if (build === undefined) return OPEN_ITEMS;
  return `${OPEN_ITEMS} AND ${BUILD_ATTRIBUTE}="${build.deploymentName}:${build.buildId}"`;
}

type Page = Awaited<ReturnType<Client['workflowService']['listWorkflowExecutions']>>;
type Execution = NonNullable<Page['executions']>[number];

function openItem({ execution, startTime, searchAttributes }: Execution): OpenItem {
  return {
    workflowId: execution?.workflowId ?? '',
    startedAt: instantOf(startTime) ?? new Date(0).toISOString(),
    buildId: indexedBuildOf(searchAttributes),
  };
}
