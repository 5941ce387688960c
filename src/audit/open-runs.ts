import type { Client } from '@temporalio/client';
import { ask, whyNot } from '../engine/ask.ts';
import { indexedBuildOf } from '../engine/build-id.ts';
import { instantOf } from '../engine/instant.ts';

/** An open run as the engine's index lists it. The index lags: it only raises suspicions. */
export interface RunEntry {
  workflowId: string;
  runId: string;
  startedAt: string;
  taskQueue: string;
  /** Null of a run that is bound to no build. */
  buildId: string | null;
  /** The engine has noted that its workflow tasks fail. */
  hasProblems: boolean;
}

/** The open runs of all workspaces, as far as they could be listed. */
export interface Listing {
  runs: RunEntry[];
  /** Why runs may be missing; null when all are there. */
  why: string | null;
}

/** The open runs of last time, when listing them took long. */
export interface ListingMemory {
  listing: { listing: Listing; until: number } | null;
}

const QUERY = 'WorkflowType="contentItem" AND ExecutionStatus="Running"';
const PAGE = 1_000;
/** More open items than one server of ours is built for. */
const PAGES = 50;
/** How long listing may take in all. */
const LIST_MS = 5_000;
/** A list that took long is good for so many times as long, */
const REUSE_FACTOR = 8;
/** but no longer than this; */
const REUSE_AT_MOST_MS = 30_000;
/** one that was quickly made is made again each time. */
const QUICK_MS = 300;

/** Every open run of an item, of all workspaces. Never rejects. */
export async function listOpenRuns(temporal: Client, memory: ListingMemory): Promise<Listing> {
  const { listing: known } = memory;
  if (known !== null && Date.now() < known.until) return known.listing;
  const started = Date.now();
  const listing = await listAll(temporal, started + LIST_MS);
  const took = Date.now() - started;
  memory.listing =
    listing.why === null && took > QUICK_MS
      ? { listing, until: Date.now() + Math.min(took * REUSE_FACTOR, REUSE_AT_MOST_MS) }
      : null;
  return listing;
}

async function listAll(temporal: Client, until: number): Promise<Listing> {
  const runs: RunEntry[] = [];
  let nextPageToken: Uint8Array | null = null;
  try {
    for (let page = 0; page < PAGES; page += 1) {
      if (Date.now() >= until) return { runs, why: 'listing them takes too long' };
      const answer: Page = await ask(temporal, until, () =>
        temporal.workflowService.listWorkflowExecutions({
          namespace: temporal.options.namespace,
          query: QUERY,
          pageSize: PAGE,
          nextPageToken,
        }),
      );
      runs.push(...(answer.executions ?? []).map(runEntry));
      nextPageToken = answer.nextPageToken ?? null;
      if (nextPageToken === null || nextPageToken.length === 0) return { runs, why: null };
    }
    return { runs, why: 'there are too many to list' };
  } catch (error) {
    return { runs, why: whyNot(error) };
  }
}

type Page = Awaited<ReturnType<Client['workflowService']['listWorkflowExecutions']>>;
type Execution = NonNullable<Page['executions']>[number];

function runEntry({ execution, startTime, taskQueue, searchAttributes }: Execution): RunEntry {
  return {
    workflowId: execution?.workflowId ?? '',
    runId: execution?.runId ?? '',
    startedAt: instantOf(startTime) ?? new Date(0).toISOString(),
    taskQueue: taskQueue ?? '',
    buildId: indexedBuildOf(searchAttributes),
    hasProblems: searchAttributes?.indexedFields?.['TemporalReportedProblems'] !== undefined,
  };
}
